/* A tree or a list of rows with one cursor, which arrow keys move and the selection follows.
   The box has the focus and names the row; of more than 200 rows those in sight are made alone. */

import { make } from './frame.js';

const MOST = 200;
const SPARE = 12;
let boxes = 0;

export class Rows {
  /** fill: puts the content of a row into an element; picked (by a click or Enter: now), pointed,
      opened: are told of rows; enters: whether Enter and the space bar are keys of the box. */
  constructor(box, { fill, picked = () => {}, pointed = () => {}, opened = null, enters = true }) {
    this.box = box;
    this.fill = fill;
    this.picked = picked;
    this.opened = opened;
    this.enters = enters;
    this.rows = [];
    this.at = -1;
    this.name = `r${++boxes}`;
    this.height = 0;
    this.made = new Map();
    this.inner = make('div', { role: 'presentation' }); // padding stands for rows that are not made
    box.append(this.inner);
    box.tabIndex = 0;
    box.setAttribute('role', opened ? 'tree' : 'listbox');
    box.addEventListener('keydown', (event) => { if (event.target === box) this.key(event); });
    box.addEventListener('click', (event) => this.#click(event));
    box.addEventListener('mouseover', (event) => pointed(this.#rowOf(event)));
    box.addEventListener('mouseleave', () => pointed(null));
    box.addEventListener('scroll', () => this.#draw());
    new ResizeObserver(() => this.#draw()).observe(box);
  }

  get current() { return this.rows[this.at] ?? null; }

  /** Show rows {key, level, place, of, open}; open: true, false, or null of a leaf. */
  show(rows, key = this.current?.key) {
    this.rows = rows;
    this.at = rows.findIndex((row) => row.key === key);
    for (const element of this.made.values()) element.remove();
    this.made.clear();
    this.box.classList.toggle('virtual', rows.length > MOST);
    this.inner.style.paddingBlock = '';
    this.#draw();
    this.#mark();
  }

  /** Put the cursor on a row, and bring it into sight. */
  pick(at, tell = true) {
    if (at < 0 || at >= this.rows.length) return;
    this.at = at;
    this.#reveal();
    this.#mark();
    if (tell) this.picked(this.current);
  }

  pickKey(key, tell = true) { this.pick(this.rows.findIndex((row) => row.key === key), tell); }

  /** Return the element of a row, where it is made. */
  element(key) { return [...this.made].find(([row]) => row.key === key)?.[1] ?? null; }

  /** Fill the rows again that are made. */
  refresh() {
    for (const [row, element] of this.made) {
      element.replaceChildren();
      this.fill(element, row);
    }
  }

  get #isVirtual() { return this.rows.length > MOST; }

  #range() {
    if (!this.#isVirtual) return [0, this.rows.length];
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.#rowHeight()) - SPARE);
    const count = Math.ceil(this.box.clientHeight / this.#rowHeight()) + 2 * SPARE;
    return [first, Math.min(this.rows.length, first + count)];
  }

  #rowHeight() {
    if (!this.height) {
      const probe = this.#make(0);
      this.inner.append(probe);
      this.height = probe.getBoundingClientRect().height || 30;
      probe.remove();
    }
    return this.height;
  }

  #draw() {
    if (!this.rows.length || !this.box.isConnected) return;
    const [first, end] = this.#range();
    const wanted = new Set(this.rows.slice(first, end));
    for (const [row, element] of this.made) {
      if (!wanted.has(row)) { element.remove(); this.made.delete(row); }
    }
    let before = null;
    for (let at = end - 1; at >= first; at--) {
      const row = this.rows[at];
      let element = this.made.get(row);
      if (!element) {
        element = this.#make(at);
        this.made.set(row, element);
        this.inner.insertBefore(element, before);
      }
      before = element;
    }
    if (this.#isVirtual) {
      this.inner.style.paddingBlock = `${first * this.height}px ${(this.rows.length - end) * this.height}px`;
    }
    this.#mark();
  }

  #make(at) {
    const row = this.rows[at];
    const element = make('div', {
      id: `${this.name}-${at}`,
      class: 'row',
      role: this.opened ? 'treeitem' : 'option',
      'aria-level': this.opened ? row.level : null,
      'aria-posinset': row.place ?? at + 1,
      'aria-setsize': row.of ?? this.rows.length,
      'aria-expanded': typeof row.open === 'boolean' ? String(row.open) : null,
      'aria-selected': 'false',
    });
    if (this.opened) element.style.setProperty('--level', row.level - 1);
    element.dataset.at = at;
    this.fill(element, row);
    return element;
  }

  #mark() {
    for (const [row, element] of this.made) element.setAttribute('aria-selected', String(row === this.current));
    const element = this.current && this.made.get(this.current);
    if (element) this.box.setAttribute('aria-activedescendant', element.id);
    else this.box.removeAttribute('aria-activedescendant');
  }

  #reveal() {
    if (this.#isVirtual) {
      const top = this.at * this.#rowHeight();
      const seen = this.box.clientHeight - this.height;
      if (top < this.box.scrollTop) this.box.scrollTop = top;
      else if (top > this.box.scrollTop + seen) this.box.scrollTop = top - seen;
      this.#draw();
    }
    this.made.get(this.current)?.scrollIntoView({ block: 'nearest' });
  }

  #rowOf(event) {
    const element = event.target.closest('.row');
    return element && this.box.contains(element) ? this.rows[element.dataset.at] : null;
  }

  #click(event) {
    const row = this.#rowOf(event);
    if (!row) return;
    if (event.target.closest('.twist') && typeof row.open === 'boolean') this.opened(row, !row.open);
    this.pick(this.rows.indexOf(row), false);
    this.picked(row, true);
  }

  /** Move the cursor where the key of an event moves it. */
  key(event) {
    const last = this.rows.length - 1;
    if (event.ctrlKey || event.metaKey || event.altKey || last < 0) return;
    const [inward, outward] = document.documentElement.dir === 'rtl'
      ? ['ArrowLeft', 'ArrowRight'] : ['ArrowRight', 'ArrowLeft'];
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.#rowHeight()) - 1);
    const moves = {
      ArrowDown: () => this.pick(Math.min(last, this.at + 1)),
      ArrowUp: () => this.pick(Math.max(0, this.at - 1)),
      PageDown: () => this.pick(Math.min(last, this.at + page)),
      PageUp: () => this.pick(Math.max(0, this.at - page)),
      Home: () => this.pick(0),
      End: () => this.pick(last),
      [inward]: () => this.#inward(),
      [outward]: () => this.#outward(),
      ...this.enters && { Enter: () => this.picked(this.current, true), ' ': () => this.picked(this.current, true) },
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
  }

  #inward() {
    if (!this.opened || !this.current) return;
    if (this.current.open === false) this.opened(this.current, true);
    else if (this.current.open && this.rows[this.at + 1]?.level > this.current.level) this.pick(this.at + 1);
  }

  #outward() {
    if (!this.opened || !this.current) return;
    if (this.current.open) { this.opened(this.current, false); return; }
    const { level } = this.current;
    for (let at = this.at - 1; at >= 0; at--) {
      if (this.rows[at].level < level) { this.pick(at); return; }
    }
  }
}
