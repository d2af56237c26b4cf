/**
 * Files, for everyone above: a file appears whole or not at all ({@link candor.io.AtomicFile}), what a user named is opened or refused in
 * one line ({@link candor.io.InputFile}, {@link candor.io.IoReason}), a folder from elsewhere is not left ({@link candor.io.SafeFolder}), and
 * a JSON object in a file may be hostile ({@link candor.io.JsonFile}), a record of our own ({@link
 * candor.io.JsonRecord}) may be somebody else's. {@link candor.io.Sha256} says what
 * bytes there were, and {@link candor.io.GitHash} what git calls them; {@link candor.io.ConstantTime}
 * compares secrets; {@link candor.io.HubSnapshot} knows a folder of the download cache. Work that takes long writes a {@link candor.io.Journal}: lines that are only ever added ({@link
 * candor.io.LineAppender}), by one process at a time ({@link candor.io.Locks}).
 */
package candor.io;
