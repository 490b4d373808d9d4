/* What is decided of the labels of one document. The server says what holds; until its answer is
   here, the same decision is made of what stands in the page. */

const SAYS_YES = new Set(['accepted', 'implied', 'moved_up', 'added']);
const SAYS_NO = new Set(['rejected', 'with_parent']);
/** By mark: its sign, its class and its word. */
export const MARKS = {
  undecided: ['', '', 'undecided'],
  accepted: ['check', 'acc', 'accepted'],
  implied: ['check', 'imp', 'implied'],
  rejected: ['x', 'rej', 'rejected'],
  with_parent: ['x', 'rimp', 'goes with its parent'],
  moved_up: ['up', 'mov', 'moved up'],
  added: ['plus', 'add', 'added'],
  '': ['', 'bare', 'given by the model, seen after submitting'],
};

/** Return the marks of an item: {nodes (by code), deepest (codes below which nothing fits), noneFits}. */
export const marksOf = (item) => ({
  nodes: new Map(item.labels.map((label) => [label.label, label])),
  deepest: new Set(item.nothing_deeper),
  noneFits: item.none_fits,
});

export const isYes = (node) => SAYS_YES.has(node.mark);
export const undecided = (marks) => [...marks.nodes.values()].filter(({ mark }) => mark === 'undecided');
export const isEmpty = (marks) => ![...marks.nodes.values()].some(isYes);

/** Return in words how a label is marked; nothing where it is undecided. */
export function wordOf(marks, { label, mark }) {
  if (mark === 'undecided' || mark === '') return '';
  const isDeepest = marks.deepest.has(label) && !isAboveAny(marks, label, (node) => !SAYS_NO.has(node.mark));
  return isDeepest ? `${MARKS[mark][2]}, nothing deeper fits` : MARKS[mark][2];
}

/** Tell whether a label stands above one of some kind. */
function isAboveAny({ nodes }, label, isOne) {
  const leads = (node) => node.parents.some((code) => code === label || (nodes.has(code) && leads(nodes.get(code))));
  return [...nodes.values()].some((node) => isOne(node) && leads(node));
}

/** Return the parent below which a label stands in the tree; null: none, it stands at the top. */
export function parentOf({ nodes }, { path, parents }) {
  return nodes.get(path.at(-2)) ?? parents.map((code) => nodes.get(code)).find(Boolean) ?? null;
}

/** Return the labels in the order of the tree, as rows for Rows; the best first among siblings. */
export function rowsOf(marks) {
  const below = new Map();
  for (const node of marks.nodes.values()) {
    const parent = parentOf(marks, node)?.label ?? null;
    below.set(parent, [...below.get(parent) ?? [], node]);
  }
  const rows = [];
  const add = (code, level) => {
    const nodes = (below.get(code) ?? []).sort((a, b) => (b.score ?? -1) - (a.score ?? -1));
    nodes.forEach((node, at) => {
      rows.push({ key: node.label, node, level, place: at + 1, of: nodes.length, open: below.has(node.label) || null });
      add(node.label, level + 1);
    });
  };
  add(null, 1);
  return rows;
}

/** Return the label to decide after *code* ('': the first): the next one of which nothing below is
    open, since accepting it says yes to all above it; null: nothing is open. */
export function nextOpen(rows, code) {
  const order = []; // children before their parents
  const above = [];
  for (const row of rows) {
    while (above.length && above.at(-1).level >= row.level) order.push(above.pop().node);
    above.push(row);
  }
  while (above.length) order.push(above.pop().node);
  const at = order.findIndex(({ label }) => label === code);
  const turned = [...order.slice(at + 1), ...order.slice(0, at + 1)].filter(({ mark }) => mark === 'undecided');
  const over = new Set(turned.flatMap(({ parents }) => parents)); // a label may stand below several
  return turned.find(({ label }) => !over.has(label))?.label ?? null;
}

/** Return the child below a label with the highest score; null: none is shown. */
export const bestChild = (marks, code) => [...marks.nodes.values()].filter(({ parents, mark }) => parents.includes(code) && mark !== 'rejected')
  .reduce((best, node) => (best && (best.score ?? -1) >= (node.score ?? -1) ? best : node), null);

/** Return the marks after a decision, by the rules of harnn.review.Reading; known: labels as
    /v1/taxonomy describes them, of which some may be new here. */
export function decided(marks, { action, label, other }, known = []) {
  const nodes = new Map(marks.nodes);
  for (const each of known) {
    if (!nodes.has(each.label)) nodes.set(each.label, { ...each, shown: false, score: null, threshold: null, mark: 'undecided', words: [], runners_up: [] });
  }
  const sheet = new Sheet(nodes, new Set(marks.deepest), marks.noneFits);
  sheet[action](label, other);
  return sheet.marks();
}

/** What is said of single labels, 'right', 'wrong' or 'moved_up'; all marks follow from it. */
class Sheet {
  constructor(nodes, deepest, noneFits) {
    Object.assign(this, { nodes, deepest, noneFits });
    const said = { accepted: 'right', added: 'right', rejected: 'wrong', moved_up: 'moved_up' };
    this.said = new Map([...nodes.values()].filter(({ mark }) => said[mark]).map(({ label, mark }) => [label, said[mark]]));
  }

  accept(label) { this.#take(label); }

  add(label) { this.#take(label); }

  reject(label) { this.#refuse(label); }

  up(label, other) {
    this.#refuse(label);
    this.#take(other, 'moved_up');
    this.deepest.add(other);
  }

  down(label, other) {
    this.#take(other);
    this.said.delete(label);
  }

  instead(label, other) {
    this.#refuse(label);
    this.#take(other);
  }

  no_deeper(label) {
    this.#take(label, this.said.get(label) === 'moved_up' ? 'moved_up' : 'right');
    const { nodes } = this.marks();
    for (const code of this.#below(label)) {
      this.deepest.delete(code);
      if (!SAYS_NO.has(nodes.get(code)?.mark)) this.said.set(code, 'wrong');
    }
    this.deepest.add(label);
  }

  none_fits() {
    for (const code of this.nodes.keys()) this.said.set(code, 'wrong');
    this.deepest.clear();
    this.noneFits = true;
  }

  #take(label, verdict = 'right') {
    for (const code of this.#above(label)) {
      if (this.said.get(code) === 'wrong') this.said.delete(code);
      this.deepest.delete(code);
    }
    this.said.set(label, verdict);
    this.noneFits = false;
  }

  #refuse(label) {
    for (const code of this.#below(label)) {
      if (this.said.get(code) !== 'wrong') this.said.delete(code);
      this.deepest.delete(code);
    }
    this.deepest.delete(label);
    this.said.set(label, 'wrong');
  }

  #above(label) {
    const found = new Set();
    const add = (code) => { for (const parent of this.nodes.get(code)?.parents ?? []) if (!found.has(parent)) { found.add(parent); add(parent); } };
    add(label);
    return found;
  }

  #below(label) { return [...this.nodes.keys()].filter((code) => this.#above(code).has(label)); }

  /** Return what follows for all labels; those that nothing brings any more are left out. */
  marks() {
    const right = [...this.said].filter(([, verdict]) => verdict !== 'wrong').map(([code]) => code);
    const implied = new Set(right.flatMap((code) => [...this.#above(code)]));
    const made = new Map();
    for (const node of [...this.nodes.values()].sort((a, b) => a.level - b.level)) {
      const found = this.#mark(node, implied, made);
      const mark = found === 'undecided' && node.mark === '' ? '' : found;
      if (mark !== 'undecided' || node.shown) made.set(node.label, { ...node, mark });
    }
    return { nodes: made, deepest: this.deepest, noneFits: this.noneFits };
  }

  #mark({ label, parents, shown }, implied, made) {
    const verdict = this.said.get(label);
    if (verdict === 'right') return shown ? 'accepted' : 'added';
    if (verdict) return verdict === 'wrong' ? 'rejected' : verdict;
    if (implied.has(label)) return 'implied';
    const isBelowNo = parents.length && parents.every((code) => SAYS_NO.has(made.get(code)?.mark));
    return isBelowNo ? 'with_parent' : 'undecided';
  }
}
