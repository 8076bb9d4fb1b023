/** The video under the 2D joints: it shows the frame that the page stands at, and while it plays,
 * the page stands at the frame that it shows. */

const film = { element: null, facts: null, still: null, shown: -1, asked: -1, sought: -1, seeking: false };

/** Opens the page's video, if there is one and the browser plays it. */
async function openFilm(facts) {
  if (!facts) return;
  const text = byId("video").textContent;
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const element = document.createElement("video");
  Object.assign(element, { muted: true, loop: true, playsInline: true, preload: "auto" });
  element.src = URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
  const opened = new Promise((go) => {
    element.addEventListener("loadeddata", () => go(true), { once: true });
    element.addEventListener("error", () => go(false), { once: true });
  });
  if (!(await opened)) return tell("This browser does not play the page's video (H.264).");
  const still = document.createElement("canvas");
  [still.width, still.height] = [element.videoWidth, element.videoHeight];
  Object.assign(film, { element, facts, still });
  keepStill(0);
  element.addEventListener("seeked", () => {
    film.seeking = false;
    if (!element.requestVideoFrameCallback) keepStill(film.sought);
    if (film.asked !== film.sought) seekFilm();
    changed();
  });
  if (element.requestVideoFrameCallback) watchFilm();
  return undefined;
}

/** Copies what the video shows: the page draws the copy, whose number is known. */
function keepStill(number) {
  film.shown = number;
  film.still.getContext("2d").drawImage(film.element, 0, 0);
}

/** Number of the coded frame that begins at a time, seconds. */
const numberAt = (seconds) => Math.round(seconds * film.facts.rate);

/** Number of the coded frame that shows a frame of the scene. */
function filmNumber(frame) {
  const { first, step } = film.facts;
  return Math.max(Math.floor((frame - first) / step), 0);
}

/** While it plays, each frame that it shows is the page's. */
function watchFilm() {
  const { element, facts } = film;
  const each = (_, { mediaTime }) => {
    keepStill(numberAt(mediaTime));
    if (state.playing) goTo(state, scene, facts.first + film.shown * facts.step);
    changed();
    element.requestVideoFrameCallback(each);
  };
  element.requestVideoFrameCallback(each);
}

/** Whether the video leads the time. */
const filmLeads = () => Boolean(film.element) && !film.element.paused;

function playFilm(on) {
  const { element } = film;
  if (!element) return;
  element.playbackRate = state.speed;
  if (!on) return element.pause();
  showInFilm(state.frame);
  return element.play().catch(() => element.pause()); // then the page's own clock leads
}

/** Takes the time from a video that says its frames to nobody. */
function followFilm() {
  const { element, facts } = film;
  if (element.requestVideoFrameCallback) return;
  keepStill(Math.floor(element.currentTime * facts.rate + 1e-6));
  goTo(state, scene, facts.first + film.shown * facts.step);
}

/** Makes the video show a frame of the scene; of several asked for quickly, the last. */
function showInFilm(frame) {
  if (!film.element) return;
  film.asked = filmNumber(frame);
  if (film.asked !== film.shown && !film.seeking) seekFilm();
}

function seekFilm() {
  film.seeking = true;
  film.sought = film.asked;
  film.element.currentTime = (film.asked + 0.5) / film.facts.rate; // the middle of its time
}

/** Draws the frame into a rectangle of the canvas. */
function drawFilm(context, x, y, width, height) {
  if (film.still) context.drawImage(film.still, x, y, width, height);
}
