/** Colours of sides, sources and errors. */

const FONT = getComputedStyle(document.body).fontFamily;
// Small errors are quiet, large ones loud, and the farther from the page's own colour the larger.
const LIGHT = {
  SIDES: { left: "#0072b2", right: "#d55e00", middle: "#2b303a" },
  OTHERS: ["#009e73", "#cc79a7", "#b8860b", "#56b4e9"], // sources other than the first
  GREY: "#8a919c", // the reference
  INK: "#2b303a",
  SOFT: "#6b7280",
  LINE: "#dde1e7",
  FAINT: "#eceff3",
  SHADOW: "#e6e9ee",
  PAPER: "#fafbfc",
  CARD: "#ffffff",
  ACCENT: "#0072b2",
  RAMP: [[0, 196, 203, 212], [0.35, 240, 190, 90], [0.7, 214, 69, 43], [1, 110, 10, 20]],
};
const DARK = {
  SIDES: { left: "#4da6e0", right: "#f07f38", middle: "#d5dae2" },
  OTHERS: ["#2fbf93", "#e39cc6", "#d9a520", "#9ad7f7"],
  GREY: "#7f8794",
  INK: "#e4e8ee",
  SOFT: "#9aa3b0",
  LINE: "#363d48",
  FAINT: "#272d36",
  SHADOW: "#2a303a",
  PAPER: "#15191f",
  CARD: "#1b2027",
  ACCENT: "#4da6e0",
  RAMP: [[0, 84, 92, 104], [0.35, 176, 132, 48], [0.7, 240, 98, 66], [1, 255, 205, 200]],
};
let SIDES, OTHERS, GREY, INK, SOFT, LINE, FAINT, SHADOW, PAPER, CARD, ACCENT, RAMP;
const darkness = window.matchMedia("(prefers-color-scheme: dark)");

/** Takes the colours that the screen asks for; viewer.css has those of the text around. */
function useColors() {
  ({ SIDES, OTHERS, GREY, INK, SOFT, LINE, FAINT, SHADOW, PAPER, CARD, ACCENT, RAMP } =
    darkness.matches ? DARK : LIGHT);
}
useColors();

/** Colour of a source as a line in the curve and where the layout overlays several. */
function sourceColor(scene, i) {
  if (i === scene.lead) return INK;
  if (i === scene.reference) return GREY;
  const others = scene.sources.map((_, k) => k);
  const rank = others.filter((k) => k !== scene.lead && k !== scene.reference).indexOf(i);
  return OTHERS[rank % OTHERS.length];
}

/** Colour of an error as a share of the end of the colour scale. */
function rampColor(share) {
  const x = Math.min(Math.max(share, 0), 1);
  const k = Math.max(RAMP.findIndex((stop) => stop[0] >= x), 1);
  const [a, b] = [RAMP[k - 1], RAMP[k]];
  const part = (x - a[0]) / (b[0] - a[0]);
  const mixed = [1, 2, 3].map((n) => Math.round(a[n] + part * (b[n] - a[n])));
  return `rgb(${mixed.join(",")})`;
}

/** The canvas' drawing context at the screen's resolution, cleared; its size in CSS pixels. */
function fresh(canvas) {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.lineCap = "round";
  context.lineJoin = "round";
  return { context, width, height };
}

/** Draws a line segment. */
function drawLine(context, from, to, color, width) {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(from[0], from[1]);
  context.lineTo(to[0], to[1]);
  context.stroke();
}

/** A line of text cut off at a width. */
function label(context, words, x, y, most, color = SOFT, font = "12px") {
  context.fillStyle = color;
  context.font = `${font} ${FONT}`;
  let shown = words;
  while (shown.length > 1 && context.measureText(shown).width > most) {
    shown = `${shown.slice(0, Math.max(shown.length - 2, 0)).trimEnd()}…`;
    if (shown === "…") break;
  }
  context.fillText(shown, x, y);
}
