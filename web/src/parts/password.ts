/** Shortest password the server takes, characters. */
export const PASSWORD_MIN = 10;
