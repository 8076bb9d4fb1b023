"""The page in a real browser: looked at, played, turned; hostile names; nothing leaves it."""

import base64

import numpy as np
import pytest
from browsers import Tab, browser
from tiny import JOINT_NAMES
from walkers import SKELETON, camera, seen, walker

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.view import compress_numbers
from geoself_jax.view.build_scenes import joint_errors, scenes_from_sequences
from geoself_jax.view.error_table import mean_errors
from geoself_jax.view.html_page import asset, page, write_page

HOSTILE = "<img src=x onerror=alert(1)>"
ENDS = "</script><script>alert(2)</script>"
QUOTED = "\"'><svg/onload=alert(3)> & \u202e\u2028 {{script}} ä 日本"
NONE = "\N{EN DASH}"
WRIST = JOINT_NAMES.index("left_wrist")


@pytest.fixture(scope="module")
def opened():
    with browser() as program:
        yield program


@pytest.fixture(scope="module")
def hostile_scenes():
    """Two scenes of three sources with a gap, all of whose names would like to be programs."""
    names = (HOSTILE, ENDS, QUOTED, *JOINT_NAMES[3:])
    skeleton = Skeleton(names, SKELETON.parents, SKELETON.left_right, 0)
    scenes = []
    for view, action in ((0, ENDS), (2, HOSTILE)):
        named = {"skeleton": skeleton, "action": action, "subject": QUOTED}
        own = {**named, "clip": HOSTILE, "camera": camera(view, f"{QUOTED}{view}")}
        gone = walker(name=HOSTILE, noise=0.03, **own)
        pose = gone.pose.copy()
        pose[20:25], pose[30, 5] = np.nan, np.nan
        sources = [
            seen(gone.replace(pose=pose)),
            walker(**own),
            walker(name=ENDS, noise=0.01, **own),
        ]
        scenes += scenes_from_sequences(sources, "ground truth")
    return scenes


@pytest.fixture(scope="module")
def hostile(opened, hostile_scenes, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "<b>&'%.html"
    write_page(path, hostile_scenes, f"{HOSTILE} {ENDS} {QUOTED}")
    tab = Tab(opened, path).ready()
    yield tab
    tab.close()


def show(opened, folder, *sequences, fragment="", **options):
    path = folder / "page.html"
    write_page(path, scenes_from_sequences(sequences), "a page")
    return Tab(opened, path, fragment, **options).ready()


def test_hostile_names_do_nothing_and_are_shown_as_they_are(hostile):
    assert hostile.wrong == []
    squeezed = " ".join(f"{HOSTILE} {ENDS} {QUOTED}".split())
    assert hostile.page.text_content("h1") == hostile.page.title() == squeezed
    shown = hostile.page.text_content("#sources")
    assert HOSTILE in shown and ENDS in shown
    actions = hostile.page.locator("#actions td:first-child").all_text_contents()
    assert actions == [ENDS, HOSTILE, "mean of actions", "all poses"]
    joints = hostile.page.locator("#joints td button").all_text_contents()
    assert joints[:3] == [HOSTILE, ENDS, QUOTED]
    scene = hostile.page.locator("#scenes button").first.text_content()
    assert all(part in scene for part in (HOSTILE, ENDS, QUOTED))
    assert hostile.page.locator("img, svg:not(.play svg), iframe, object, link").count() == 0
    assert hostile.page.locator("script:not([type])").count() == 1


def test_no_request_leaves_the_page(hostile):
    assert len(hostile.requests) == 1 and hostile.requests[0].startswith("file:")


def test_playing_moves_time_and_the_body_until_it_is_paused(hostile):
    hostile.choose_frame(0)
    before = hostile.pixels()
    hostile.page.click("#play")
    hostile.page.locator("#play[aria-label=Pause]").wait_for()
    for _ in range(200):
        if hostile.frame() >= 3:
            break
        hostile.page.wait_for_timeout(20)
    assert hostile.frame() >= 3
    hostile.page.click("#play")
    paused = hostile.frame()
    stopped = hostile.pixels()
    assert stopped != before
    hostile.page.wait_for_timeout(150)
    assert hostile.frame() == paused and hostile.pixels() == stopped


def test_a_mouse_turns_and_zooms_the_body_and_reset_brings_it_back(hostile):
    hostile.choose_frame(5)
    first = hostile.pixels()
    middle = hostile.middle("#body")
    hostile.page.mouse.move(*middle)
    hostile.page.mouse.down()
    hostile.page.mouse.move(middle[0] + 80, middle[1] + 20)
    hostile.page.mouse.up()
    turned = hostile.pixels()
    hostile.page.mouse.wheel(0, -300)
    near = hostile.pixels()
    assert len({first, turned, near}) == 3
    hostile.page.click("#view-reset")
    assert hostile.pixels() == first
    views = {first}
    for view in ("camera", "side", "top"):
        hostile.page.click(f"#view-{view}")
        views.add(hostile.pixels())
    assert len(views) == 4
    hostile.page.click("#view-reset")


def test_keys_step_jump_play_turn_and_change_the_scene(hostile):
    hostile.choose_frame(0)
    hostile.page.locator("#body").focus()
    frames = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "Shift+ArrowRight", "End", "Home"):
        hostile.page.keyboard.press(key)
        hostile.settle()
        frames.append(hostile.frame())
    assert frames == [1, 2, 1, 26, 39, 0]
    before = hostile.pixels()
    hostile.page.keyboard.press("a")
    assert hostile.pixels() != before
    hostile.page.keyboard.press("0")
    assert hostile.pixels() == before
    hostile.page.keyboard.press("ArrowDown")
    hostile.page.locator("#scenes button[data-index='1'][aria-current=true]").wait_for()
    hostile.page.keyboard.press("ArrowUp")
    hostile.page.locator("#scenes button[data-index='0'][aria-current=true]").wait_for()
    assert hostile.wrong == []


def test_a_click_on_the_curve_goes_there(hostile):
    box = hostile.page.locator("#curve").bounding_box()
    hostile.page.mouse.click(box["x"] + 44 + (box["width"] - 52) * 10 / 39, box["y"] + 30)
    hostile.settle()
    assert hostile.frame() == 10


def test_a_source_is_hidden_and_comes_back(hostile):
    hostile.choose_frame(3)
    all_shown = hostile.pixels()
    box = hostile.page.locator("#sources input").nth(2)
    box.uncheck()
    assert hostile.pixels() != all_shown
    box.check()
    assert hostile.pixels() == all_shown


def test_layout_position_and_colour_change_the_drawing(hostile):
    drawings = {"as it opens": hostile.pixels()}
    for choice, back in (
        ("layout-side", "layout-over"),
        ("place-absolute", "place-together"),
        ("paint-error", "paint-sides"),
    ):
        hostile.page.click(f"#{choice}")
        drawings[choice] = hostile.pixels()
        assert hostile.page.get_attribute(f"#{choice}", "aria-pressed") == "true"
        assert hostile.page.is_visible("#bar") == (choice == "paint-error")
        hostile.page.click(f"#{back}")
    assert len(set(drawings.values())) == 4
    assert hostile.pixels() == drawings["as it opens"]


def test_the_errors_that_are_shown_are_those_of_the_scene(hostile, hostile_scenes):
    frame = 7
    hostile.choose_frame(frame)
    for source, column in ((0, 1), (2, 2)):
        shown = hostile.page.locator(f"#joints td:nth-child({column + 1})").all_text_contents()
        wanted = 1000 * joint_errors(hostile_scenes[0], source)[frame]
        np.testing.assert_allclose([float(text) for text in shown], wanted, atol=1.01)
        value = hostile.page.locator("#sources .value").nth(source).text_content()
        assert abs(float(value.removesuffix(" mm")) - wanted.mean()) < 1.01
    hostile.page.click("#worst")
    hostile.settle()
    assert hostile.frame() == np.nanargmax(mean_errors(hostile_scenes[0], 0))


def test_frames_without_a_pose_are_said_and_their_joints_are_no_number(hostile):
    hostile.choose_frame(22)
    assert hostile.page.locator("#sources .value").first.text_content() == "missing"
    assert hostile.page.locator("#joints td:nth-child(2)").first.text_content() == NONE
    hostile.choose_frame(30)
    assert hostile.page.locator("#joints td:nth-child(2)").nth(5).text_content() == NONE
    assert hostile.wrong == []


def test_a_joint_has_a_tooltip_under_the_pointer_and_a_click_shows_its_curve(hostile):
    hostile.choose_frame(3)
    whole = hostile.pixels("#curve")
    hostile.page.locator("#joints td button").nth(WRIST).click()
    assert hostile.pixels("#curve") != whole and "left_wrist" in hostile.text("#curve-name")
    hostile.page.locator("#joints td button").nth(WRIST).click()
    middle = hostile.middle("#body")
    tips = set()
    for dx, dy in ((dx, dy) for dx in range(-40, 41, 16) for dy in range(-60, 61, 16)):
        hostile.page.mouse.move(middle[0] + dx, middle[1] + dy)
        if hostile.page.is_visible("#tip"):
            tips.add(hostile.page.text_content("#tip"))
    assert tips and all(f" · {HOSTILE}" in t or f" · {ENDS}" in t or "ground" in t for t in tips)
    assert hostile.wrong == []


def test_scenes_are_found_by_search_and_chosen(hostile):
    hostile.page.evaluate("document.querySelector('#narrow').hidden = false")
    hostile.page.fill("#search", "cam-that-is-not")
    assert hostile.text("#more") == "nothing found"
    hostile.page.fill("#search", "日本2")
    hostile.page.locator("#scenes button").click()
    hostile.page.locator("#scenes button[data-index='1'][aria-current=true]").wait_for()
    hostile.page.fill("#search", "")
    assert hostile.page.locator("#scenes button").count() == 2
    hostile.page.locator("#scenes button").first.click()
    hostile.page.locator("#scenes button[data-index='0'][aria-current=true]").wait_for()


def test_the_policy_stops_a_script_that_got_into_the_page(opened, hostile_scenes, tmp_path):
    text = page(hostile_scenes, "x")
    put = "<img src=x onerror='window.hit=1'><script>window.hit=2</script><p style='color:red'>"
    path = tmp_path / "changed.html"
    path.write_text(text.replace("<noscript>", put + "<noscript>"))
    tab = Tab(opened, path).ready()
    assert tab.page.evaluate("window.hit") is None
    assert any("Content Security Policy" in line for line in tab.wrong)
    assert [url for url in tab.requests if not url.startswith("file:")] == []
    tab.close()


def test_without_a_reference_speeds_and_bones_are_shown(opened, tmp_path):
    tab = show(opened, tmp_path, seen(walker(name="lifted", noise=0.01)))
    assert tab.text("#joints-name") == "Joint speeds, m/s" and "speed, m/s" in tab.text(
        "#curve-name"
    )
    assert "bones keep their length" in tab.text("#notes-list")
    for hidden in ("#scores", "#worst", "#chooser", "#paint-error", "#layout-side", "#bar"):
        assert not tab.page.is_visible(hidden), hidden
    assert tab.page.is_visible("#picture") and tab.wrong == []
    tab.close()


def test_one_frame_all_missing_and_no_frame_make_pages_that_say_so(opened, tmp_path):
    one = walker(frames=1, name="lifted", clip="one")
    missing = walker(
        frames=5, name="lifted", clip="gone", pose=np.full((5, 17, 3), np.nan, np.float32)
    )
    none = walker(frames=0, name="lifted", clip="none")
    tab = show(
        opened, tmp_path, one, missing.replace(name="x"), walker(frames=5, clip="gone"), none
    )
    assert tab.page.locator("#scenes button").count() == 3 and tab.frame() == 0
    tab.page.click("#play")
    tab.pixels()
    for index in (1, 2):
        tab.page.locator("#scenes button").nth(index).click()
        tab.page.locator(f"#scenes button[data-index='{index}'][aria-current=true]").wait_for()
        tab.pixels()
        value = tab.page.locator("#sources .value").first.text_content()
        assert value == "missing"
    assert not tab.page.is_visible("#seen") and tab.wrong == []
    tab.close()


def test_an_address_opens_a_scene_at_a_frame(opened, tmp_path):
    sequences = [walker(clip=f"clip{k}") for k in range(3)]
    tab = show(opened, tmp_path, *sequences, fragment="#scene=2&frame=17")
    assert tab.text("#scenes button[aria-current=true] .name") == "clip1 · cam0"
    assert tab.frame() == 17 and "frame 17 of 39" in tab.text("#time")
    tab.close()


def test_frames_that_are_not_there_are_a_gap_in_time(opened, tmp_path):
    ids = np.r_[0:20, 80:100]
    tab = show(
        opened, tmp_path, walker(frame_id=ids), walker(name="lifted", noise=0.01, frame_id=ids)
    )
    assert tab.page.get_attribute("#slider", "max") == "99"
    tab.choose_frame(50)
    gap = tab.pixels()
    assert tab.page.locator("#sources .value").first.text_content() == "missing"
    tab.choose_frame(19)
    assert tab.pixels() != gap
    tab.page.locator("#body").focus()
    tab.page.keyboard.press("ArrowRight")
    tab.settle()
    assert tab.frame() == 80 and tab.wrong == []
    tab.close()


def test_a_small_screen_shows_sources_and_curve_and_a_dark_one_is_dark(opened, tmp_path):
    swing = np.zeros((40, 17, 3), np.float32)
    swing[28:33, WRIST, 2] = 1.5
    walk = walker()
    clips = [walk.replace(clip=f"clip{k}", pose=walk.pose + swing) for k in range(2)]
    small = {"viewport": {"width": 1280, "height": 720}, "color_scheme": "dark"}
    tab = show(opened, tmp_path, *clips, *(seen(clip.replace(name="b")) for clip in clips), **small)
    assert tab.frame() == 30  # the posture that is unlike all others
    for shown in ("#sources", "#paint-error", "#curve", "#picture", "#help summary"):
        box = tab.page.locator(shown).bounding_box()
        assert box["y"] + box["height"] <= 720 and box["x"] + box["width"] <= 1280, shown
    brightness = (
        "['main .card', '#body'].flatMap(place => getComputedStyle(document.querySelector(place))"
        ".backgroundColor.match(/[0-9]+/g).slice(0, 3).map(Number))"
    )
    assert max(tab.page.evaluate(brightness)) < 90
    dark = tab.pixels()
    tab.page.emulate_media(color_scheme="light")
    assert tab.pixels() != dark and min(tab.page.evaluate(brightness)) > 200
    tab.page.click("#help summary")
    assert "first, last frame" in tab.text("#help") and tab.wrong == []
    tab.close()


def test_a_phone_shows_all_of_it_in_its_width_and_fingers_turn_and_zoom(opened, tmp_path):
    phone = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
    sequences = [seen(walker(name="lifted", noise=0.02)), walker()]
    tab = show(opened, tmp_path, *sequences, **phone, device_scale_factor=2)
    assert tab.page.evaluate("document.scrollingElement.scrollWidth") <= 390
    first = tab.pixels()
    x, y = tab.middle("#body")
    session = tab.page.context.new_cdp_session(tab.page)

    def touch(kind, *points):
        places = [{"x": a, "y": b, "id": n} for n, (a, b) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    touch("touchStart", (x, y))
    touch("touchMove", (x + 60, y + 10))
    touch("touchEnd")
    turned = tab.pixels()
    touch("touchStart", (x - 30, y), (x + 30, y))
    touch("touchMove", (x - 80, y), (x + 80, y))
    touch("touchEnd")
    assert len({first, turned, tab.pixels()}) == 3 and tab.wrong == []
    tab.close()


def test_a_browser_that_cannot_unpack_and_a_damaged_page_say_so(opened, tmp_path):
    path = tmp_path / "page.html"
    text = page(scenes_from_sequences([walker()]), "x")
    path.write_text(text)
    old = Tab(opened, path, script="delete window.DecompressionStream")
    assert "too old" in old.page.locator("#banner").text_content()
    assert not old.page.is_visible("#app") and old.wrong == []
    old.close()
    path.write_text(text.replace('id="block-0">', 'id="block-0">AAAA'))
    damaged = Tab(opened, path)
    damaged.page.locator("#banner:not([hidden])").wait_for()
    assert damaged.text("#banner").startswith("This page cannot be shown")
    damaged.close()


@pytest.mark.parametrize(("scale", "root"), [(0.3, 0), (2000.0, 3), (0.3, -1)])
def test_the_browser_reads_the_numbers_that_were_coded(opened, scale, root):
    rng = np.random.default_rng(0)
    values = rng.normal(0, scale, (601, 5, 3)) + np.sin(np.arange(601) / 50)[:, None, None]
    values[rng.random((601, 5)) < 0.1], values[250:270] = np.nan, np.nan
    block = compress_numbers.code(values, 0.0005, root)
    tab = opened.new_page()
    facts = {
        k: getattr(block, k) for k in ("frames", "joints", "numbers", "step", "root", "planes")
    }
    call = "async ([facts, text]) => { const n = numbersOf(facts, await inflated(text));"
    out = " return btoa([...new Uint8Array(n.buffer)].map(b => String.fromCharCode(b)).join('')); }"
    tab.add_script_tag(content=asset("decode.js"))
    decoded = base64.b64decode(tab.evaluate(call + out, [facts, block.content]))
    wanted = compress_numbers.decode(block).astype(np.float32).ravel()
    np.testing.assert_array_equal(np.frombuffer(decoded, np.float32), wanted)
    tab.close()
