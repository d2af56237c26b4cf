/**
 * A file of prompts in, a file of completions out.
 *
 * <p>A row is written to a {@link candor.io.Journal} beside the output as soon as it is done, so an interrupted run goes on where it
 * stopped; when all are done they are put into the order of the prompts, and the output appears whole. So the same prompts
 * and settings make the same bytes, however the run went.
 */
package candor.generate.file;
