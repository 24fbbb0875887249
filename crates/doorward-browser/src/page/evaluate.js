// Calls the function that somebody wrote and gives its answer as JSON text. `this` is the page's window. The names are
// long, since that function sees them in place of the page's own. An object is no promise by what all objects inherit.
async function (__doorward_element) {
  const __doorward_made = "SOURCE";
  const __doorward_answer = typeof __doorward_made !== "function" ? __doorward_made
    : __doorward_element ? __doorward_made(__doorward_element) : __doorward_made();
  const __doorward_told = __doorward_answer?.then === {}.then ? __doorward_answer : await __doorward_answer;
  return ("KEPT" in this ? this.KEPT : "KEEP")(__doorward_told);
}
