/* Adding a label by typing: names, codes and other names are searched, paths are shown. */

import { ask, byId, counted, foreign, languageOf, make, number, percent, whenSlow } from './frame.js';
import { Names, codeOf, holds, marked, wordsOf } from './names.js';
import { Rows } from './rows.js';

const FOUND = 20;
const PAUSE = 120; // milliseconds without a key before a search is asked

export class Adder {
  /** chosen(code, known): a label was chosen; known: it and what is above it; done: the field is left;
      scoreOf(code): what the model says of a label, null where it does not or must not. */
  constructor(model, { chosen, done, scoreOf }) {
    Object.assign(this, { model, chosen, done, scoreOf });
    this.names = new Names(model);
    this.abort = null;
    this.below = null; // {label, name}: its children alone are offered, to go down to
    this.words = [];
    this.timer = 0;
    this.field = byId('add');
    this.rows = new Rows(byId('hits'), { fill: (element, row) => this.#fill(element, row), picked: (row, now) => { if (now) this.#choose(row); } });
    byId('hits').tabIndex = -1; // the field keeps the focus
    this.field.addEventListener('input', () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.#find(), PAUSE); });
    this.field.addEventListener('keydown', (event) => this.#key(event));
    this.field.addEventListener('blur', () => setTimeout(() => { if (document.activeElement !== this.field && !byId('pop').contains(document.activeElement)) this.#close(); }));
    byId('pop').addEventListener('mousedown', (event) => event.preventDefault());
  }

  /** Begin to type; below: a label whose children alone are offered. */
  open(below = null) {
    this.below = below;
    this.field.value = '';
    this.field.placeholder = below ? `Which label below ${below.name}?` : 'Add a label: name, code or path';
    this.field.focus();
    if (below) this.#find();
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      this.#leave();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (!byId('pop').hidden && this.rows.current) this.#choose(this.rows.current);
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      this.rows.key(event);
      this.#name();
    }
  }

  async #find() {
    const text = this.field.value;
    this.words = wordsOf(text);
    this.abort?.abort();
    if (!this.words.length && !this.below) { this.#close(); return; }
    const mine = this.abort = new AbortController();
    const query = new URLSearchParams({ model: this.model, limit: FOUND, ...text.trim() && { q: text }, ...this.below && { parent: this.below.label } });
    try {
      const answer = await whenSlow((busy) => { if (busy) this.#say('Searching'); }, () => ask('GET', `/v1/taxonomy?${query}`, undefined, mine.signal));
      this.names.note(answer.labels);
      await this.names.learn(answer.labels.flatMap(({ path }) => path), mine.signal);
      if (mine === this.abort) this.#show(answer);
    } catch (error) {
      if (error.name !== 'AbortError') this.#say(error.message);
    }
  }

  #show({ labels, total }) {
    byId('hits').hidden = !labels.length;
    this.rows.show(labels.map((label) => ({ key: label.label, label })), labels[0]?.label);
    const keys = [make('kbd', {}, '↑'), ' ', make('kbd', {}, '↓'), ' choose, ', make('kbd', {}, 'Enter'), ' add with its ancestors, ', make('kbd', {}, 'Esc'), ' close'];
    const none = this.below && !this.words.length ? [foreign(this.below.name), ' has no label below it.'] : ['No label is called that. Codes and other names were searched too.'];
    this.#say(...labels.length ? [`${number(labels.length)} of ${counted(total, 'label')}. `, make('span', { class: 'keyhint' }, ...keys)] : none);
    this.#name();
  }

  #say(...nodes) {
    byId('hits-facts').replaceChildren(...nodes);
    byId('pop').hidden = false;
    this.field.setAttribute('aria-expanded', 'true');
  }

  /** Tell the field which of the labels found is the current one. */
  #name() {
    const id = byId('hits').getAttribute('aria-activedescendant');
    if (id) this.field.setAttribute('aria-activedescendant', id); else this.field.removeAttribute('aria-activedescendant');
  }

  #fill(element, { label }) {
    const { name, label: code, path, alternatives } = label;
    const other = holds(name, this.words) ? null : alternatives?.find((each) => holds(each, this.words));
    const above = path.slice(0, -1).flatMap((each, at) => [at ? make('span', { class: 'sep', 'aria-hidden': 'true' }, ' › ') : '', foreign(this.names.of(each))]);
    const score = this.scoreOf(code);
    element.append(make('span', { class: 'label' },
      make('bdi', { dir: 'auto', lang: languageOf(name), class: 'name' }, ...marked(name, this.words)),
      codeOf(label) ? make('span', { class: 'code' }, ...marked(code, this.words)) : null,
      make('span', { class: 'where' }, ...above, other ? make('span', {}, ' also called ', make('bdi', { dir: 'auto' }, ...marked(other, this.words))) : null)),
    ...score === null ? [] : [make('span', { class: 'pct faint' }, percent(score))]);
  }

  /** Take a label, with all that is above it. */
  async #choose({ label }) {
    const below = this.below;
    this.#leave();
    try {
      this.chosen(label.label, await this.known(label), below);
    } catch (error) {
      this.#say(error.message);
    }
  }

  /** Return a label and what is above it, as /v1/taxonomy describes them. */
  async known(label) {
    const found = new Map([[label.label, label]]);
    let wanted = label.parents;
    while (wanted.length) {
      const query = new URLSearchParams({ model: this.model, limit: wanted.length });
      for (const code of wanted) query.append('label', code);
      const { labels } = await ask('GET', `/v1/taxonomy?${query}`);
      for (const each of labels) found.set(each.label, each);
      wanted = [...new Set(labels.flatMap(({ parents }) => parents))].filter((code) => !found.has(code));
    }
    return [...found.values()];
  }

  #leave() {
    this.field.value = '';
    this.below = null;
    this.field.placeholder = 'Add a label: name, code or path';
    this.#close();
    this.done();
  }

  #close() {
    clearTimeout(this.timer);
    this.abort?.abort();
    byId('pop').hidden = true;
    this.field.setAttribute('aria-expanded', 'false');
    this.field.removeAttribute('aria-activedescendant');
  }
}
