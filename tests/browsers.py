"""A real browser for tests, or the reason why there is none."""

import contextlib
import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@contextlib.contextmanager
def browser():
    """Chromium of the system, or Playwright's own; skips where neither can be started."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    with api.sync_playwright() as play:
        try:
            opened = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        except api.Error as error:
            pytest.skip(f"no browser starts: {str(error).splitlines()[0]}")
        yield opened
        opened.close()


class Tab:
    """A tab, and all that went wrong or left it."""

    def __init__(self, opened, path, fragment="", script="", **options):
        self.page = opened.new_page(**{"viewport": {"width": 1300, "height": 850}, **options})
        self.wrong, self.requests = [], []
        self.page.set_default_timeout(15_000)
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.wrong.append("dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.requests.append(request.url))
        if script:
            self.page.add_init_script(script)
        self.page.goto(path.as_uri() + fragment)

    def ready(self):
        self.page.wait_for_selector("body[data-state=ready]")
        return self

    def text(self, selector):
        return self.page.inner_text(selector)

    def pixels(self, selector="#body"):
        """What a canvas shows, once it is drawn."""
        self.settle()
        return self.page.evaluate(f"document.querySelector('{selector}').toDataURL()")

    def settle(self):
        """Waits for two animation frames."""
        self.page.evaluate(
            "new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go)))"
        )

    def middle(self, selector):
        """Its middle in the window, scrolled to."""
        place = self.page.locator(selector)
        place.scroll_into_view_if_needed()
        box = place.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def frame(self):
        return int(self.page.input_value("#slider"))

    def choose_frame(self, frame):
        self.page.evaluate(
            "frame => { const s = document.querySelector('#slider'); s.value = frame;"
            " s.dispatchEvent(new Event('input')); }",
            frame,
        )
        self.settle()

    def close(self):
        self.page.close()
