"""Human3.6M's cameras and actions, as the files derived from it name them."""

CAMERAS = ("54138969", "55011271", "58860488", "60457274")
"""In the order of its numbers ca_01 to ca_04 and of VideoPose3D's lists."""

ACTIONS = {
    2: "Directions",
    3: "Discussion",
    4: "Eating",
    5: "Greeting",
    6: "Phoning",
    7: "Posing",
    8: "Purchases",
    9: "Sitting",
    10: "SittingDown",
    11: "Smoking",
    12: "Photo",
    13: "Waiting",
    14: "Walking",
    15: "WalkDog",
    16: "WalkTogether",
}
"""By the number in `act_02`."""

FPS = 50.0

_CANONICAL = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog", "WalkingTogether": "WalkTogether"}


def canonical(take: str) -> str:
    """A take's name with the action spelled as in the published tables: `Photo 1`."""
    action, space, number = take.partition(" ")
    return _CANONICAL.get(action, action) + space + number


def action_of(take: str) -> str:
    """A take's action: its name without the number, `Walking` of `Walking 1`."""
    return canonical(take).partition(" ")[0]
