'use strict';
// Fetches the parts of the page that have changed and puts them in place, so that what one reads stays where it is.
const PAUSE = 2000;
const parts = document.getElementById('parts');
const state = document.getElementById('state');
const have = new Map();

function element(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content.firstElementChild;
}

// What a reader has opened or scrolled within a part stays so.
function keep(before, after) {
  const now = after.querySelectorAll('details');
  before.querySelectorAll('details').forEach((each, i) => {
    if (each.open && i < now.length) now[i].open = true;
  });
}

function scrolled(part) {
  return [...part.querySelectorAll('.scroll, .text')].map(each => [each.scrollLeft, each.scrollTop]);
}

function scroll(part, places) {
  part.querySelectorAll('.scroll, .text').forEach((each, i) => {
    if (i < places.length) [each.scrollLeft, each.scrollTop] = places[i];
  });
}

// The first part that is in view, and where it is: it shall be there afterwards.
function anchor() {
  for (const part of parts.children) {
    const box = part.getBoundingClientRect();
    if (box.bottom > 0) return [part.id, box.top];
  }
  return [null, 0];
}

function show(list) {
  const [id, top] = anchor();
  let place = parts.firstElementChild;
  for (const part of list) {
    let there = document.getElementById(part.id);
    if (part.html !== undefined) {
      const made = element(part.html);
      if (there) {
        keep(there, made);
        const places = scrolled(there);
        if (place === there) place = made;
        there.replaceWith(made);
        scroll(made, places);
      }
      there = made;
      have.set(part.id, part.hash);
    }
    if (place === there) {
      place = place.nextElementSibling;
    } else {
      parts.insertBefore(there, place);
    }
  }
  while (place) {
    const next = place.nextElementSibling;
    have.delete(place.id);
    place.remove();
    place = next;
  }
  const kept = id && document.getElementById(id);
  if (kept && window.scrollY > 0) window.scrollBy({top: kept.getBoundingClientRect().top - top, behavior: 'instant'});
}

async function refresh() {
  if (!document.hidden) {
    try {
      const known = [...have].map(([id, hash]) => id + '=' + hash).join(',');
      const answer = await fetch('/live', {headers: {'X-Candor-Have': known}, cache: 'no-store'});
      if (!answer.ok) throw new Error(answer.status);
      show(await answer.json());
      state.textContent = 'as of ' + new Date().toLocaleTimeString();
      state.classList.remove('lost');
    } catch (error) {
      if (!state.classList.contains('lost')) state.textContent += ' · candor watch does not answer any more';
      state.classList.add('lost');
    }
  }
  setTimeout(refresh, PAUSE);
}

document.addEventListener('visibilitychange', () => { if (!document.hidden) state.textContent = 'reading …'; });
refresh();
