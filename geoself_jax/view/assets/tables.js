/** Lists and tables. Names are put in as text, never as markup. */

/** An element with a class and text or children. */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

const byId = (id) => document.getElementById(id);

/** Fills the list of scenes; returns what marks the open one. */
function listScenes(page, choose) {
  const list = byId("scenes");
  const most = 400;
  const show = () => {
    const wanted = byId("search").value.trim().toLowerCase();
    const found = page.scenes
      .map((scene, index) => ({ scene, index }))
      .filter(({ scene }) => searched(scene).includes(wanted));
    if (byId("order").value === "worst") {
      found.sort((a, b) => (b.scene.error ?? -1) - (a.scene.error ?? -1));
    }
    list.replaceChildren(...found.slice(0, most).map((item) => sceneItem(item, choose)));
    byId("more").hidden = found.length > 0 && found.length <= most;
    byId("more").textContent = found.length ? `${found.length - most} more: search` : "nothing found";
    mark();
  };
  const mark = () => {
    for (const button of list.querySelectorAll("button")) {
      const open = button.dataset.index === list.dataset.open;
      button.setAttribute("aria-current", open);
      if (open && !byId("search").value) button.scrollIntoView({ block: "nearest" });
    }
  };
  byId("search").addEventListener("input", show);
  byId("order").addEventListener("change", show);
  byId("narrow").hidden = page.scenes.length < 8;
  byId("order").hidden = !page.scenes.some((scene) => scene.error !== null);
  show();
  return (index) => {
    list.dataset.open = index;
    mark();
  };
}

const searched = (scene) => `${scene.name} ${scene.action} ${scene.subject}`.toLowerCase();

function sceneItem({ scene, index }, choose) {
  const about = [scene.action, scene.subject].filter(Boolean).join(", ");
  const name = element("span", "name", scene.name);
  const button = element("button", "", name, element("span", "soft small", about));
  if (scene.error !== null) button.append(element("span", "error", `${figure(scene.error)} ${units.error.symbol}`));
  button.type = "button";
  button.dataset.index = index;
  button.addEventListener("click", () => choose(index));
  return element("li", "", button);
}

/** Fills the list of sources; returns a function that puts in a row's errors. */
function listSources(scene, state, changed) {
  const cells = scene.sources.map((source, i) => {
    const box = element("input");
    box.type = "checkbox";
    box.checked = state.shown[i];
    box.addEventListener("change", () => {
      state.shown[i] = box.checked;
      changed();
    });
    const value = element("span", "value");
    const tag = i === scene.reference ? " reference" : "";
    const name = element("span", "name", source.name, element("span", "soft", tag));
    byId("sources").append(element("li", "", element("label", "", box, swatch(scene, i), name), value));
    return value;
  });
  return (row) =>
    cells.forEach((cell, i) => {
      const { error, missing } = scene.sources[i];
      const gone = row < 0 || missing[row];
      cell.textContent = gone ? "missing" : error ? `${figure(error[row])} ${units.error.symbol}` : "";
    });
}

/** How a source is drawn where several are overlaid. */
function swatch(scene, i) {
  const colors = i === scene.lead ? Object.values(SIDES) : [sourceColor(scene, i)];
  const made = element("span", "swatch");
  for (const color of colors) {
    const part = element("i");
    part.style.background = color;
    made.append(part);
  }
  return made;
}

/** Fills the table of joints, or of bones where nothing is judged; returns what updates it. */
function listJoints(scene, state, changed) {
  const judged = scene.sources.filter((source) => source.errors);
  byId("joints-name").textContent = judged.length
    ? `Joint errors, ${units.error.symbol}`
    : `Joint speeds, ${units.size.symbol}/s`;
  const sources = (judged.length ? judged : scene.sources).slice(0, 3);
  const heads = sources.length > 1 ? sources.map((source) => source.name) : ["now", "mean"];
  const head = element("tr", "", element("th", "", ""));
  heads.forEach((name) => head.append(element("th", "", name)));
  const rows = scene.skeleton.names.map((name, joint) => jointRow(name, joint, heads.length, state, changed));
  byId("joints").replaceChildren(head, ...rows.map(({ row }) => row));
  const numbers = sources.map((source) => (judged.length ? source.errors : speedsOf(scene, source)));
  const means = sources.length > 1 ? null : columnMeans(numbers[0], scene.joints);
  const digits = judged.length ? 0 : 2;
  return (frame) =>
    rows.forEach(({ row, cells }, joint) => {
      row.setAttribute("aria-selected", state.joint === joint);
      numbers.forEach((values, k) => {
        const value = frame < 0 ? NaN : values[frame * scene.joints + joint];
        fillCell(cells[k], value, digits, judged.length ? scene.worstError : 0);
      });
      if (means) fillCell(cells[1], means[joint], digits, judged.length ? scene.worstError : 0);
    });
}

function jointRow(name, joint, columns, state, changed) {
  const button = element("button", "quiet", name);
  button.type = "button";
  button.title = "Show this joint's curve";
  button.addEventListener("click", () => {
    state.joint = state.joint === joint ? null : joint;
    changed();
  });
  const cells = [...Array(columns)].map(() => element("td", "", element("i"), element("span")));
  return { row: element("tr", "", element("td", "", button), ...cells), cells };
}

/** A number with a chip in the colour of its size. */
function fillCell(cell, value, digits, worst) {
  const [chip, words] = cell.children;
  words.textContent = figure(value, digits);
  chip.style.background = worst && value === value ? rampColor(value / worst) : "transparent";
}

function columnMeans(values, width) {
  const sums = new Float64Array(width);
  const counts = new Float64Array(width);
  values.forEach((value, i) => {
    if (value !== value) return;
    sums[i % width] += value;
    counts[i % width]++;
  });
  return sums.map((sum, i) => sum / counts[i]);
}

/** Fills the list of bones, whose lengths should not change: for where nothing else judges. */
function boneNotes(scene) {
  if (scene.reference !== null) return [];
  const source = scene.sources[scene.lead];
  const bones = boneSpread(scene, source).filter(({ spread }) => spread === spread);
  if (!bones.length) return [];
  const worst = bones.reduce((a, b) => (b.spread > a.spread ? b : a));
  const [parent, child] = scene.skeleton.bones[source.bones.indexOf(worst)];
  const names = scene.skeleton.names;
  const mean = bones.reduce((sum, { spread }) => sum + spread, 0) / bones.length;
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  return [
    `${source.name}: bones keep their length to ${percent(mean)} on average (standard deviation); ` +
      `the least steady, ${names[parent]} to ${names[child]}, to ${percent(worst.spread)} of ` +
      `${figure(unitsIn(scene, "bone") * worst.mean)} ${units.bone.symbol}.`,
  ];
}

/** Fills the table of actions. */
function listActions(page) {
  const { table } = page;
  byId("scores").hidden = !table;
  if (!table) return;
  const groups = element("tr", "", element("th", "", ""));
  const heads = element("tr", "", element("th", "", "action"));
  table.groups.forEach((name) => {
    const group = element("th", "", name);
    group.colSpan = table.columns.length;
    groups.append(group);
    table.columns.forEach((column) => heads.append(element("th", "", column)));
  });
  const rows = table.rows.map(({ name, values, total }) => {
    const row = element("tr", total ? "total" : "", element("td", "", name || "(no action)"));
    values.forEach((value, k) => {
      const count = table.columns[k % table.columns.length] === "poses";
      row.append(element("td", "", count ? `${value}` : figure(value, 1)));
    });
    return row;
  });
  byId("actions").replaceChildren(groups, heads, ...rows);
  byId("scores-note").textContent = table.note;
}
