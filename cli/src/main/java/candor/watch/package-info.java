/**
 * {@code candor watch}: a page on this machine alone that shows runs, evaluations and studies while they are at work, by their files.
 *
 * <p>{@link candor.watch.Board} looks for them below a folder, reads what has come since it last looked ({@link candor.watch.Tail}),
 * and makes parts of a page with the report's elements and charts; {@link candor.watch.WatchServer} sends those that have changed.
 * What the files hold may come from strangers or be half written: sizes are bounded, and texts become text.
 */
package candor.watch;
