/** Where to go after the login; only paths of this page, so that no link leads a user elsewhere. */
export function localPath(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/u.test(next) && !/^\/(?:login|setup|api)(?:[/?]|$)/u.test(next)
    ? next
    : "/";
}
