// The steps of a sign-in: a password, a second factor, a passkey.

import { enrol, signIn } from "./webauthn.js";

/** Where each proof goes. */
const WAYS = /** @type {Record<string, string>} */ ({ recovery_code: "recovery-codes", email: "email", totp: "totp" });

/**
 * @param {(path: string, content: any) => Promise<any>} call
 * @param {(answer: any) => Promise<void>} settle
 * @param {any} how
 */
export function createSteps(call, settle, how) {
  const { tokens, onSecondFactor } = how;

  /** @param {Promise<any>} step @returns {Promise<any>} */
  const proceed = async (step) => {
    const answer = await step;
    await settle(answer);
    const proof = answer.status === "second_factor_required" && (await onSecondFactor?.(answer));
    return proof ? verify(proof) : answer;
  };

  /** @param {import("./index.js").Proof} proof */
  const verify = ({ method = "totp", code, trustDevice = false }) =>
    proceed(call(`2fa/${WAYS[method]}/verify`, { code, trust_device: trustDevice }));

  return {
    verify,
    /** @param {{ email: string, password: string, stay?: boolean }} credentials */
    login: ({ email, password, stay = false }) => proceed(call("jwt/login", { email, password, stay, tokens })),
    enrol: (wish = {}) => proceed(enrol(call, how, wish)),
    prove: (wish = {}) => proceed(signIn(call, how, { ...wish, tokens })),
  };
}
