package candor.evaluate.ask;

import java.util.List;

/** Something that a task wants from the model about one row. Keys are unique within the row. */
public sealed interface Ask {
    String key();

    Prompt prompt();

    /** A reply. */
    record Generate(String key, Prompt prompt, Sampling sampling) implements Ask {}

    /**
     * The log-probability of each of these continuations of the prompt.
     *
     * @param whole whether the reply must end behind the continuation: then "1" does not count what goes on to "10"
     */
    record Score(String key, Prompt prompt, List<String> continuations, boolean whole) implements Ask {
        public Score {
            continuations = List.copyOf(continuations);
        }

        public Score(String key, Prompt prompt, List<String> continuations) {
            this(key, prompt, continuations, false);
        }
    }
}
