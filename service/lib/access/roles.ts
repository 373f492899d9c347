/** What a request may do. */
export type Permission = "read" | "inspect" | "review" | "admin";

/** Each role with what it may do. */
export const roles = {
  read: ["read"],
  inspect: ["read", "inspect"],
  review: ["read", "review"],
  admin: ["read", "inspect", "review", "admin"],
} as const satisfies Record<string, readonly Permission[]>;

/** What a token stands for. */
export type Role = keyof typeof roles;

/** Whether the name is that of a role. */
export function isRole(name: string): name is Role {
  return Object.hasOwn(roles, name);
}

/** Whether a role may do something. */
export function may(role: Role, permission: Permission): boolean {
  return (roles[role] as readonly Permission[]).includes(permission);
}
