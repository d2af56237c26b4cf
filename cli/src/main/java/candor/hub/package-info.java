/**
 * Models, adapters and data sets of the Hugging Face Hub: what a name on the command line means ({@link candor.hub.RepoName}, {@link
 * candor.hub.Named}), how its files come into the cache that Hugging Face's own tools use ({@link candor.hub.Download}, {@link
 * candor.hub.HubCache}), and how an adapter goes there ({@link candor.hub.Upload}).
 *
 * <p>The Hub is asked by its HTTP interface (huggingface.co/docs/hub/api). Nothing that a server says is trusted: names stay in their
 * folder, sizes are bounded, a file gets its name when its hash is right. The user's token goes to the Hub alone.
 */
package candor.hub;
