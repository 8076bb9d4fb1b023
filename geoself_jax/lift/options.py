"""What lift does before and after lifting, from its flags."""

import argparse

from geoself_jax.data.poses.filters import parse_filter
from geoself_jax.data.poses.floor import parse_floor
from geoself_jax.data.poses.hampel import parse_outliers
from geoself_jax.lift.angle_output import angle_output
from geoself_jax.lift.cleaning import Cleaning
from geoself_jax.lift.output import Output


def output_of(flags: argparse.Namespace) -> Output:
    """Returns format, path and axes of the output.

    Raises:
        GeoselfError: No such file can be written (64), or angles are declared wrongly (65).
    """
    return Output(
        flags.out,
        format=flags.out_format,
        unit=flags.out_unit,
        session_start=flags.nwb_session_start,
        subject=flags.nwb_subject,
        markers=flags.markers,
        relative=flags.root == "relative",
        world=flags.axes == "world",
        up=flags.up,
        filter=parse_filter(flags.filter) if flags.filter else None,
        angles=angle_output(flags.angles, flags.angle_definitions, flags.skeleton),
    )


def cleaning_of(flags: argparse.Namespace) -> Cleaning:
    """Returns what is corrected over time.

    Raises:
        GeoselfError: No such filter or floor (64).
    """
    return Cleaning(
        outliers=parse_outliers(flags.outliers) if flags.outliers else None,
        refine=flags.refine,
        floor=None if flags.floor is None else parse_floor(flags.floor),
        fill=flags.fill,
    )
