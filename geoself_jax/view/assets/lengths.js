/** Lengths as they are shown. Points are in metres divided by the scene's scale, so that every body
 * is drawn as large as people are; core/shown_lengths.py chooses scale and units. */

let units = null; // the page's: symbol and number a metre of errors, bones and sizes

/** How many of an error's, a bone's or a size's unit a length of 1 in a scene is. */
const unitsIn = (scene, kind) => scene.scale * units[kind].perMetre;

/** A number in its unit: with decimals as asked for, or with significant digits where units have them. */
function figure(value, decimals = 0) {
  if (value === null || value !== value) return "–";
  const { significant } = units;
  if (!significant) return value.toFixed(decimals);
  if (value === 0) return "0";
  const rounded = Number(value.toExponential(significant - 1));
  const whole = Math.floor(Math.log10(Math.abs(rounded))) + 1;
  return (whole <= significant ? rounded : value).toFixed(Math.max(significant - whole, 0));
}

/** The least round number that is not below a number, the same at every scale: `one` is its 1. */
const niceOf = (value, one) => +(one * niceAbove(value / one)).toPrecision(6);
