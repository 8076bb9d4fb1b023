# One image for CPU, GPU and TPU:
#
#   docker build --build-arg EXTRA=cuda12 -t geoself .        (or cpu, tpu)
#   docker run --rm --gpus all -v "$PWD/runs:/runs" -v "$PWD/data:/data:ro" geoself \
#     --config=configs/synthetic.py --workdir=/runs/synthetic
#
# No data is in it and no credentials. Mounted folders must be writable for user 1000, or give
# --user "$(id -u)". `docker stop --time=60` lets the training save.
FROM python:3.11-slim-bookworm AS build
ARG EXTRA=cpu
WORKDIR /source
COPY requirements.txt ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir -c requirements.txt -r requirements.txt "jax[${EXTRA}]"
COPY pyproject.toml README.md LICENSE ./
COPY geoself_jax geoself_jax
COPY configs configs
RUN /venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim-bookworm
RUN useradd --uid 1000 --create-home geoself && install -d -o geoself /runs
COPY --from=build /venv /venv
COPY configs /geoself/configs
ENV PATH="/venv/bin:$PATH" HOME=/home/geoself PYTHONUNBUFFERED=1
WORKDIR /geoself
USER 1000
ENTRYPOINT ["python", "-m", "geoself_jax.train"]
