/** Each joint's errors over all views: a box is the middle half, whiskers reach from 5 to 95 %. */

const ROW = 22; // pixels
const SCALES = 24; // pixels of the axis above and of that below

/** Makes room for the boxes of a page that has some, and says what they are. */
function showBoxes(page) {
  const { joints } = page;
  byId("by-joint").hidden = !joints;
  if (!joints) return;
  byId("boxes").style.height = `${2 * SCALES + ROW * joints.rows.length}px`;
  byId("boxes-note").textContent =
    `Error against ${joints.against}, relative to the root, over all views of the data: below in ` +
    `${joints.unit}, above in % of ${joints.whose} (${boxText(joints, joints.body, 0)} ${joints.unit}). ` +
    "The box is the middle half, its line the median, the dot the mean; whiskers reach from 5 to 95 %.";
}

/** A number in the boxes' unit. */
function boxText(joints, value, decimals) {
  return joints.significant ? `${+value.toPrecision(joints.significant)}` : value.toFixed(decimals);
}

function drawBoxes(canvas, joints) {
  const { context, width, height } = fresh(canvas);
  const names = Math.min(0.3 * width, 190);
  const most = Math.max(...joints.rows.map(({ spread }) => spread[4]));
  const plot = { x: names, width: width - names - 70, top: SCALES, bottom: height - SCALES };
  const at = (value) => plot.x + (plot.width * value) / (most || 1);
  drawScale(context, plot, most, 1, plot.bottom + 15, (value) => `${+value.toPrecision(4)}`, at);
  const percent = joints.body / 100;
  drawScale(context, plot, most, percent, plot.top - 8, (value) => `${+value.toPrecision(4)} %`, at);
  joints.rows.forEach((row, k) => drawBox(context, joints, row, plot.top + ROW * (k + 0.5), plot, at));
}

/** An axis with about five numbers, in lengths of `unit`. */
function drawScale(context, plot, most, unit, y, words, at) {
  const step = niceAbove(most / unit / 6);
  context.textAlign = "center";
  for (let k = 0; k * step * unit <= most; k++) {
    const x = at(k * step * unit);
    if (unit === 1) drawLine(context, [x, plot.top], [x, plot.bottom], FAINT, 1);
    label(context, words(k * step), x, y, 60, SOFT, "11px");
  }
  context.textAlign = "left";
}

function drawBox(context, joints, { name, mean, spread }, y, plot, at) {
  const [low, first, middle, third, high] = spread.map(at);
  label(context, name, 0, y + 4, plot.x - 10, INK);
  drawLine(context, [low, y], [high, y], GREY, 1.2);
  for (const end of [low, high]) drawLine(context, [end, y - 4], [end, y + 4], GREY, 1.2);
  context.fillStyle = SIDES.left;
  context.fillRect(first, y - 7, Math.max(third - first, 1), 14);
  drawLine(context, [middle, y - 6], [middle, y + 6], CARD, 1.6);
  context.fillStyle = INK;
  context.beginPath();
  context.arc(at(mean), y, 2.6, 0, 7);
  context.fill();
  const share = (100 * mean) / joints.body;
  label(context, `${+share.toPrecision(3)} %`, high + 8, y + 4, 60, SOFT, "11px");
}
