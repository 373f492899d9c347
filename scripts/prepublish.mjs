/**
 * Runs before `npm publish` in the checkout, and refuses it: npm reads package.json again after `postpack`, and the
 * registry would not learn of the dependency on LibTorch, which only the packed package.json names. Publishing a tarball
 * runs no scripts.
 */
console.error("Publish the tarballs instead: see Release in CONTRIBUTING.md.");
process.exitCode = 1;
