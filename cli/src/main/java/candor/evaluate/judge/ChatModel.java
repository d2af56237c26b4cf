package candor.evaluate.judge;

import candor.evaluate.ask.Prompt.Turn;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** A model that can be asked to judge: far away behind an endpoint, or here through our engine. */
public interface ChatModel extends AutoCloseable {
    /**
     * A request.
     *
     * @param messages of system, user and assistant
     * @param temperature empty for the model's own, which judges have: 0
     * @param seed what a local model draws with; an endpoint's draws are its own
     * @param choices short replies whose probabilities are wanted, where the model can tell them; empty where none are
     */
    record Request(List<Turn> messages, int maxTokens, OptionalDouble temperature, long seed, List<String> choices) {
        public Request {
            messages = List.copyOf(messages);
            choices = List.copyOf(choices);
        }

        /** As a judge is asked. */
        public Request(List<Turn> messages, int maxTokens) {
            this(messages, maxTokens, OptionalDouble.empty(), 0, List.of());
        }
    }

    /** What came of a request. */
    sealed interface Reply {
        /**
         * An answer.
         *
         * @param choices the probabilities of the {@link Request#choices}, not normalised; empty where the model does not
         *     tell them, and without those that were too unlikely to be told
         * @param finish why it ended: {@link #STOP}, {@link #LENGTH}, or what else the endpoint says, such as "refused"
         */
        record Text(String text, Map<String, Double> choices, String finish) implements Reply {
            public static final String STOP = "stop";

            /** The bound on tokens came before its end: whatever it holds, it is not what the model meant to say. */
            public static final String LENGTH = "length";

            public Text {
                choices = Map.copyOf(choices);
            }

            public Text(String text) {
                this(text, Map.of(), STOP);
            }

            public boolean cut() {
                return finish.equals(LENGTH);
            }
        }

        /** No answer, for a reason that passes or not; nothing was kept of it. */
        record Failure(String why) implements Reply {}
    }

    /** Takes replies as they come. */
    interface Sink {
        void replied(int request, Reply reply);

        /** Whether it shall end, though not all is asked: asked between steps. */
        default boolean stopped() {
            return false;
        }
    }

    /** What its replies depend on besides the request, for the cache's hash and the record of the run; never a key. */
    ObjectNode identity();

    /**
     * Asks everything, in any order, each exactly once, unless the sink says to end; then it may return early, or throw
     * {@link candor.evaluate.ask.Stopped}.
     *
     * @param sink called from one thread at a time
     * @throws candor.BadInput where asking cannot go on
     */
    void complete(List<Request> requests, Sink sink);

    @Override
    void close();
}
