/* Names of labels by their codes, asked for once; and what of them fits a search. */

import { ask, make } from './frame.js';

const PAGE = 50; // codes stand in the address of a request

export class Names {
  constructor(model) {
    this.model = model;
    this.known = new Map();
  }

  of(code) { return this.known.get(code) ?? code; }

  note(labels) { for (const { label, name } of labels) this.known.set(label, name); }

  /** Ask for the names of those codes that are not known. */
  async learn(codes, signal) {
    const wanted = [...new Set(codes)].filter((code) => !this.known.has(code));
    const asked = [];
    for (let at = 0; at < wanted.length; at += PAGE) asked.push(describe(this.model, wanted.slice(at, at + PAGE), signal));
    for (const labels of await Promise.all(asked)) this.note(labels);
    return wanted.length > 0;
  }
}

/** Return the code of a label where it says more than the label's name and place do; else ''. In
    taxonomies of paths a code is the path itself: that of the parent, a separator, the name. */
export function codeOf({ label, name, path = [] }) {
  if (label === name) return '';
  const above = path.at(-2);
  const isPath = above !== undefined && label.startsWith(above) && label.endsWith(name)
    && /^[^\p{L}\p{N}]+$/u.test(label.slice(above.length, label.length - name.length));
  return isPath ? '' : label;
}

/** Return what is known of labels, at most 50, by their codes. */
export async function describe(model, codes, signal) {
  const query = new URLSearchParams({ model, limit: PAGE });
  for (const code of codes) query.append('label', code);
  return (await ask('GET', `/v1/taxonomy?${query}`, undefined, signal)).labels;
}

/** Return a text without capitals and marks, sign by sign: as the server compares. */
const plain = (sign) => sign.toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '');

/** Tell whether a text holds one of the words. */
export const holds = (text, words) => words.some((word) => [...text].map(plain).join('').includes(word));

/** Return words to look for. */
export const wordsOf = (text) => [...text].map(plain).join('').split(/\s+/).filter(Boolean);

/** Return a text as nodes, with those parts marked that are one of the words. */
export function marked(text, words) {
  const signs = [...text];
  const parts = signs.map(plain);
  const starts = [];
  let length = 0;
  for (const part of parts) { starts.push(length); length += part.length; }
  const folded = parts.join('');
  const hit = new Set();
  for (const word of words) {
    for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + 1)) {
      starts.forEach((start, sign) => { if (start + parts[sign].length > at && start < at + word.length) hit.add(sign); });
    }
  }
  const nodes = [];
  for (let at = 0; at < signs.length;) {
    const is = hit.has(at);
    let end = at;
    while (end < signs.length && hit.has(end) === is) end++;
    const piece = signs.slice(at, end).join('');
    nodes.push(is ? make('em', {}, piece) : piece);
    at = end;
  }
  return nodes;
}
