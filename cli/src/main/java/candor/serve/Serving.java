package candor.serve;

import candor.generate.Sampling;
import candor.serve.work.Desk;
import candor.serve.work.ServedModels;
import candor.text.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * What is served, and how much of it one request may have.
 *
 * @param defaults       of what a request does not say; its seed is not taken: without one, random numbers differ each time
 * @param positions      tokens that the model takes, prompt and reply together
 * @param fits           whether a sequence of so many tokens has room in the cache
 * @param maxTokens      of a reply, at most
 * @param apiKey         that requests must bring; empty where none is wanted
 * @param localHostsOnly whether the header Host must name this machine, as a browser that was tricked would not
 * @param adapterFolder  below which adapters may be loaded while it runs; empty where none may
 * @param version        of the program and its backend
 */
public record Serving(
        Desk desk,
        ServedModels models,
        Tokenizer tokenizer,
        Conversations conversations,
        Sampling defaults,
        int positions,
        IntPredicate fits,
        int maxTokens,
        Optional<String> apiKey,
        boolean localHostsOnly,
        Optional<Path> adapterFolder,
        String version) {
    /** Replies that one request may ask for, over all of its prompts. */
    static final int MOST_CHOICES = 1024;

    List<Integer> endTokens() {
        return tokenizer.special().endIds();
    }
}
