// Finding what a person names: a field by its label, a button or a link by what stands on it.

const FIELDS = words("textbox searchbox combobox listbox checkbox radio switch spinbutton slider");
const CONTROLS = words("button link menuitem menuitemcheckbox menuitemradio tab checkbox radio switch option");

const SIGN_OUT = /^(sign|log) ?(out|off)$|^(sign|log) me out$|^abmelden$|^ausloggen$|^se déconnecter$|^déconnexion$|^cerrar sesión$|^salir$|^esci$|^sair$|^uitloggen$|^afmelden$|^wyloguj( się)?$|^выйти$/i;
const SIGN_IN = /^(sign|log) ?(in|on)\b|^anmelden|^einloggen|^se connecter|^connexion$|^iniciar sesión|^accedi$|^entrar$|^inloggen|^aanmelden|^zaloguj|^войти/i;

function seen(roles) {
  return everyElement(document, "*").filter((element) => roles.has(roleOf(element)) && isVisible(element));
}

// Everything that a person could call it by.
function callings(element) {
  const all = [nameOf(element), ...labelTexts(element), element.getAttribute("placeholder") || ""];
  return all.map((text) => flattened(text)).filter(Boolean);
}

// What is called exactly so goes before what only holds the words, and what sends a form before what does not.
function called(text, kind) {
  return looking(() => {
    const wanted = flattened(text).toLowerCase();
    const all = seen(kind === "field" ? FIELDS : CONTROLS);
    const fits = (test) => all.filter((element) => callings(element).some((one) => test(one.toLowerCase())));
    let found = fits((one) => one === wanted);
    if (!found.length) found = fits((one) => one.includes(wanted));
    if (!found.length && kind !== "field")
      found = everyElement(document, "*").filter((element) => isSmallest(element, { text: flattened(text), isExact: false }) && isVisible(element));
    const sending = kind === "field" ? [] : found.filter((element) => element.type === "submit");
    if (sending.length === 1) found = sending;
    return found.length === 1 ? { ref: name(found[0]), count: 1 } : { count: found.length };
  });
}

// What the page shows of whether somebody is signed in.
function standing() {
  return looking(() => {
    const controls = seen(CONTROLS);
    const first = (test) => controls.find((element) => callings(element).some((one) => test.test(one)));
    const [out, into] = [first(SIGN_OUT), first(SIGN_IN)];
    return {
      password: everyElement(document, "input[type=password]").some(isVisible),
      out: out ? name(out) : null,
      into: into ? callings(into)[0] : null,
    };
  });
}
