// `cargo book` adds this to every page: it has built the book in both languages, so that the
// switch between them (switch.js) leads somewhere.
document.documentElement.dataset.bothLanguages = "";
