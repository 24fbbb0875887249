// Calls the function that somebody wrote and gives its answer as JSON text. `this` is the page's window.
async function (element) {
  const made = "SOURCE";
  const answer = await (typeof made === "function" ? (element ? made(element) : made()) : made);
  return ("KEPT" in this ? this.KEPT : "KEEP")(answer);
}
