"""What users give a command by mistake."""

from typing import NamedTuple

RIG = "--calibration=lab/Calib.toml --fps=50 --skeleton=h36m_17 --output=new.npz"
ALONE = "--input alone --fps=50 --skeleton=h36m_17 --output=new.npz"
LIFT = "lift --model=export --out=new.npz"
SEEN = "--fps=50 --skeleton=h36m_17"
GUESS = "--fov=60 --image-size=1920x1080"


class WrongInput(NamedTuple):
    """A mistake.

    Attributes:
        what: In words.
        command: Verb and arguments.
    """

    what: str
    command: str


PREPARE = (
    WrongInput("a video", "prepare --input film.mp4 --output=new.npz"),
    WrongInput(
        "a video for a camera",
        f"prepare --camera front_left=film.mp4 --camera back_left=film.mp4 {RIG}",
    ),
    WrongInput("a folder of videos", f"prepare --input films {RIG}"),
    WrongInput("a folder of images", f"prepare --input images {RIG}"),
    WrongInput(
        "an image for a camera",
        f"prepare --camera front_left=images/000000.png --camera back_left=images {RIG}",
    ),
    WrongInput(
        "a folder of images for a camera",
        f"prepare --camera front_left=images --camera back_left=images {RIG}",
    ),
    WrongInput("a text file named .npz", "prepare --input notes.npz --output=new.npz"),
    WrongInput("a text file", "prepare --input notes.txt --output=new.npz"),
    WrongInput("a pointer of Git LFS", "prepare --input pointer.npz --output=new.npz"),
    WrongInput("a .npz cut short", "prepare --input cut.npz --output=new.npz"),
    WrongInput("some arrays", "prepare --input arrays.npz --output=new.npz"),
    WrongInput("weights of torch", "prepare --input weights.pt --output=new.npz"),
    WrongInput("an .npy", "prepare --input array.npy --output=new.npz"),
    WrongInput("3D poses", "prepare --input poses.npz --output=new.npz"),
    WrongInput("a run", "prepare --input run --output=new.npz"),
    WrongInput("an export", "prepare --input export --output=new.npz"),
    WrongInput("the calibration as input", "prepare --input lab/Calib.toml --output=new.npz"),
    WrongInput(
        "a .json that is no detection",
        f"prepare --camera front_left=settings.json --camera back_left=settings.json {RIG}",
    ),
    WrongInput(
        "an empty .json",
        f"prepare --camera front_left=empty.json --camera back_left=empty.json {RIG}",
    ),
    WrongInput(
        "a .json cut short",
        f"prepare --camera front_left=cut.json --camera back_left=cut.json {RIG}",
    ),
    WrongInput(
        "a web page saved as .json",
        f"prepare --camera front_left=page.json --camera back_left=page.json {RIG}",
    ),
    WrongInput(
        "a packed .json",
        f"prepare --camera front_left=openpose.json.gz --camera back_left=openpose.json.gz {RIG}",
    ),
    WrongInput(
        "a table with decimal commas",
        f"prepare --camera front_left=german.csv --camera back_left=german.csv {RIG}",
    ),
    WrongInput(
        "another HDF5 file",
        f"prepare --camera front_left=other.h5 --camera back_left=other.h5 {RIG}",
    ),
    WrongInput("no calibration", f"prepare --input lab/train/* {SEEN} --output=new.npz"),
    WrongInput(
        "detections as calibration",
        f"prepare --input lab/train --calibration=openpose.json {SEEN} --output=new.npz",
    ),
    WrongInput(
        "a recording as calibration",
        f"prepare --input lab/train --calibration=lab.npz {SEEN} --output=new.npz",
    ),
    WrongInput(
        "an image as calibration",
        f"prepare --input lab/train --calibration=images/000000.png {SEEN} --output=new.npz",
    ),
    WrongInput(
        "a calibration with decimal commas",
        f"prepare --input lab/train --calibration=commas.toml {SEEN} --output=new.npz",
    ),
    WrongInput("an input that is not there", f"prepare --input lab/trian {RIG}"),
    WrongInput("a pattern that fits nothing", f"prepare --input lab/test/*.mov {RIG}"),
    WrongInput(
        "fps with a decimal comma", "prepare --input lab/train --fps=29,97 --output=new.npz"
    ),
    WrongInput("fps that is no number", "prepare --input lab/train --fps=nan --output=new.npz"),
    WrongInput(
        "an image size with a comma", f"prepare --input lab/train --image-size=1920,1080 {RIG}"
    ),
    WrongInput(
        "a skeleton that is not known",
        "prepare --input lab/train --skeleton=h36m --calibration=lab/Calib.toml --fps=50 "
        "--output=new.npz",
    ),
    WrongInput("another ending", "prepare --input lab/train --output=new.csv"),
    WrongInput(
        "detections without a calibration", f"prepare --input alone {SEEN} --output=new.npz"
    ),
    WrongInput(
        "intrinsics as a calibration",
        f"prepare --input alone --calibration=board.yml {SEEN} --output=new.npz",
    ),
    WrongInput("a focal length as a calibration", f"prepare --focal-length=900 {ALONE}"),
    WrongInput("no calibration and no image size", f"prepare --uncalibrated {ALONE}"),
    WrongInput("a unit without a calibration", f"prepare --uncalibrated --unit=mm {ALONE}"),
    WrongInput("lags without a calibration", f"prepare --uncalibrated --sync {ALONE}"),
    WrongInput(
        "people to follow without a calibration",
        f"prepare --uncalibrated --person=consistent:1 {ALONE}",
    ),
    WrongInput(
        "a recording without cameras among others",
        "prepare --input lab.npz bare.npz --output=new.npz",
    ),
    WrongInput(
        "a lag of no camera", "prepare --input lab.npz --shift=front_rihgt=3 --output=new.npz"
    ),
    WrongInput("a lag of nobody", "prepare --input lab.npz --shift=3 --output=new.npz"),
    WrongInput(
        "a lag with a decimal comma",
        "prepare --input lab.npz --shift=front_left=3,5 --output=new.npz",
    ),
)

INSPECT = (
    WrongInput("a video", "inspect --data=film.mp4"),
    WrongInput("a folder", "inspect --data=lab"),
    WrongInput("3D poses", "inspect --data=poses.npz"),
    WrongInput("VideoPose3D's file", "inspect --data=data_2d_h36m_cpn_ft_h36m_dbb.npz"),
    WrongInput("a text file named .npz", "inspect --data=notes.npz"),
    WrongInput("a pointer of Git LFS", "inspect --data=pointer.npz"),
    WrongInput("a calibration", "inspect --data=lab/Calib.toml"),
    WrongInput("a recording without cameras", "inspect --data=bare.npz"),
    WrongInput("synthetic data without a name", "inspect --data=synthetic"),
    WrongInput("two files", "inspect --data lab.npz lab.npz"),
    WrongInput("a file without its flag", "inspect lab.npz"),
)

CALIBRATE = (
    WrongInput("no known length", "calibrate --data=lab.npz --output=new.npz"),
    WrongInput("a length alone", "calibrate --data=lab.npz --scale=1.75 --output=new.npz"),
    WrongInput(
        "a height with a decimal comma",
        "calibrate --data=lab.npz --scale=height=1,75 --output=new.npz",
    ),
    WrongInput(
        "a height in centimetres and a typing error",
        "calibrate --data=lab.npz --scale=heigth=175 --output=new.npz",
    ),
    WrongInput(
        "a camera that the recording has not",
        "calibrate --data=lab.npz --scale=baseline:front_left,front_rihgt=2.5 --output=new.npz",
    ),
    WrongInput(
        "a repair in another unit",
        "calibrate --data=lab.npz --refine --scale=height=1.75 --output=new.npz",
    ),
    WrongInput("a video", "calibrate --data=film.mp4 --scale=none --output=new.npz"),
    WrongInput("detections", "calibrate --data=openpose.json --scale=none --output=new.npz"),
    WrongInput("a folder", "calibrate --data=lab --scale=none --output=new.npz"),
    WrongInput("3D poses", "calibrate --data=poses.npz --scale=none --output=new.npz"),
    WrongInput("a calibration", "calibrate --data=lab/Calib.toml --scale=none --output=new.npz"),
    WrongInput(
        "a recording without intrinsics",
        "calibrate --data=bare.npz --scale=none --output=new.npz",
    ),
    WrongInput("a repair without cameras", "calibrate --data=bare.npz --refine --output=new.npz"),
    WrongInput("a file that is not there", "calibrate --data=lba.npz --refine --output=new.npz"),
    WrongInput("the data as output", "calibrate --data=lab.npz --scale=none --output=lab.npz"),
    WrongInput("another ending", "calibrate --data=lab.npz --scale=none --output=Calib.toml"),
)

TRAIN = (
    WrongInput(
        "VideoPose3D's file",
        "train --config=paper --config.data.train=data_2d_h36m_cpn_ft_h36m_dbb.npz --workdir=new",
    ),
    WrongInput("a video", "train --config=paper --config.data.train=film.mp4 --workdir=new"),
    WrongInput("a folder", "train --config=paper --config.data.train=lab --workdir=new"),
    WrongInput(
        "a recording without cameras",
        "train --config=paper --config.data.train=bare.npz --workdir=new",
    ),
    WrongInput("3D poses", "train --config=paper --config.data.train=poses.npz --workdir=new"),
    WrongInput("the configuration's own data, absent", "train --config=absent.py --workdir=new"),
    WrongInput("the data as a flag", "train --config=paper --data=lab.npz --workdir=new"),
    WrongInput("a batch as a flag", "train --config=tiny.py --workdir=new --batch_size=64"),
    WrongInput("a group without config", "train --config=tiny.py --workdir=new --model.width=512"),
    WrongInput("a learning rate as a flag", "train --config=tiny.py --workdir=new --lr=0.001"),
    WrongInput("epochs as a flag", "train --config=tiny.py --workdir=new --epochs=10"),
    WrongInput("a seed as a flag", "train --config=tiny.py --workdir=new --seed=1"),
    WrongInput("a device as a flag", "train --config=tiny.py --workdir=new --device=gpu"),
    WrongInput("a number of GPUs", "train --config=tiny.py --workdir=new --gpus=1"),
    WrongInput("to continue", "train --config=tiny.py --workdir=run --resume"),
    WrongInput("an output folder", "train --config=tiny.py --output=new"),
    WrongInput(
        "a key without its group", "train --config=tiny.py --workdir=new --config.width=512"
    ),
    WrongInput(
        "a key of another name",
        "train --config=tiny.py --workdir=new --config.schedule.batch_size=64",
    ),
    WrongInput(
        "a decimal comma",
        "train --config=tiny.py --workdir=new --config.optimizer.learning_rate=0,001",
    ),
    WrongInput(
        "half a number", "train --config=tiny.py --workdir=new --config.schedule.batch=64.5"
    ),
    WrongInput("a YAML file", "train --config=train.yaml --workdir=new"),
    WrongInput("the data as configuration", "train --config=lab.npz --workdir=new"),
    WrongInput("an export as workdir", "train --config=tiny.py --workdir=export"),
    WrongInput("a bucket as workdir", "train --config=tiny.py --workdir=gs://bucket/run"),
)

EVALUATE = (
    WrongInput("an export where a run is wanted", "evaluate --workdir=export --data=lab.npz"),
    WrongInput("a run where an export is wanted", "evaluate --model=run --data=lab.npz"),
    WrongInput("a folder of checkpoints", "evaluate --workdir=run/checkpoints/last --data=lab.npz"),
    WrongInput("a file of an export", "evaluate --model=export/model.safetensors --data=lab.npz"),
    WrongInput("3D poses", "evaluate --model=export --data=poses.npz"),
    WrongInput("a folder that is not there", "evaluate --model=exprot --data=lab.npz"),
    WrongInput("an export to export", "export --workdir=export --out=new"),
    WrongInput("data to export", "export --workdir=lab --out=new"),
    WrongInput("export's model", "export --model=run --out=new"),
)

LIFTING = (
    WrongInput(
        "a run where an export is wanted",
        "lift --model=run --keypoints=lab.npz --camera=front_left --out=new.npz",
    ),
    WrongInput(
        "a run as --workdir",
        "lift --workdir=run --keypoints=lab.npz --camera=front_left --out=new.npz",
    ),
    WrongInput(
        "a file of an export",
        "lift --model=export/model.stablehlo --keypoints=lab.npz --camera=front_left --out=new.npz",
    ),
    WrongInput(
        "weights of torch",
        "lift --model=weights.pt --keypoints=lab.npz --camera=front_left --out=new.npz",
    ),
    WrongInput("a video", f"{LIFT} --keypoints=film.mp4 {SEEN} {GUESS}"),
    WrongInput("a folder of images", f"{LIFT} --keypoints=images {SEEN} {GUESS}"),
    WrongInput("a folder of a whole rig", f"{LIFT} --keypoints=lab/train {SEEN} {GUESS}"),
    WrongInput("3D poses", f"{LIFT} --keypoints=poses.npz --camera=front_left"),
    WrongInput(
        "VideoPose3D's file",
        f"{LIFT} --keypoints=data_2d_h36m_cpn_ft_h36m_dbb.npz --camera=front_left",
    ),
    WrongInput("a .json that is no detection", f"{LIFT} --keypoints=settings.json {SEEN} {GUESS}"),
    WrongInput(
        "the calibration as a flag",
        f"{LIFT} --keypoints=openpose.json {SEEN} --calibration=lab/Calib.toml",
    ),
    WrongInput("the input as a flag", f"{LIFT} --input=openpose.json {SEEN} {GUESS}"),
    WrongInput("no camera", f"{LIFT} --keypoints=openpose.json {SEEN}"),
    WrongInput(
        "a camera that the calibration has not",
        f"{LIFT} --keypoints=openpose.json {SEEN} --camera=lab/Calib.toml:cam9",
    ),
    WrongInput("a camera that the recording has not", f"{LIFT} --keypoints=lab.npz --camera=cam9"),
    WrongInput(
        "an angle with a decimal comma",
        f"{LIFT} --keypoints=openpose.json {SEEN} --fov=60,5 --image-size=9x9",
    ),
    WrongInput("no fps", f"{LIFT} --keypoints=openpose.json --skeleton=h36m_17 {GUESS}"),
    WrongInput(
        "a spreadsheet as output",
        "lift --model=export --keypoints=lab.npz --camera=front_left --out=new.xlsx",
    ),
    WrongInput(
        "an output without ending",
        "lift --model=export --keypoints=lab.npz --camera=front_left --out=new",
    ),
)

VIEW = (
    WrongInput("a recording as poses", "view --poses lab.npz --out=new.html"),
    WrongInput("a video", "view --poses film.mp4 --out=new.html"),
    WrongInput("a detector's file", "view --poses openpose.json --out=new.html"),
    WrongInput("a folder", "view --poses lab --out=new.html"),
    WrongInput("synthetic data as poses", "view --poses synthetic:test --out=new.html"),
    WrongInput("poses as a recording", "view --data=poses.npz --out=new.html"),
    WrongInput("a table with decimal commas", "view --poses german.csv --out=new.html"),
    WrongInput("a PDF as output", "view --poses poses.npz --out=new.pdf"),
    WrongInput("a run", "view --workdir=run --out=new.html"),
)

GROUPS = {
    "prepare": PREPARE,
    "inspect": INSPECT,
    "calibrate": CALIBRATE,
    "train": TRAIN,
    "evaluate and export": EVALUATE,
    "lift": LIFTING,
    "view": VIEW,
}
