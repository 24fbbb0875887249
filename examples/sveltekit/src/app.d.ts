import type { LocalUser } from "@doorward/client/sveltekit";

declare global {
  namespace App {
    interface Locals {
      user: LocalUser | null;
    }
    interface Error {
      message: string;
      reason?: string;
    }
  }
}

export {};
