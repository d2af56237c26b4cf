package candor.study.loop;

import candor.BadInput;
import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.ask.Stopped;
import candor.evaluate.judge.ChatModel;
import candor.evaluate.judge.Thinking;
import candor.io.Journal;
import candor.study.StudyProgress;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Has a model write objects of texts as strict JSON, which is checked; what is malformed is asked for again, and left out in the end.
 * What was written is in the {@link Journal} at once.
 */
final class DraftWriter {
    /**
     * How objects are written.
     *
     * @param attempts how often one is asked for until it has the form
     */
    record Settings(double temperature, int maxNewTokens, int attempts) {}

    /** An object that is to be written: its key in the journal, what is asked, and the seed of the reply. */
    static final class Draft {
        private final String id;
        private final long seed;
        private List<Turn> messages;

        Draft(String id, List<Turn> messages, long seed) {
            this.id = id;
            this.messages = messages;
            this.seed = seed;
        }
    }

    /**
     * What is written.
     *
     * @param what the objects are called in messages
     * @param fields the texts of each
     * @param again what a model is told whose object was none, from what was wrong with it
     * @param plain a text without what may not stand in it
     */
    record Form(String what, List<String> fields, Function<String, Turn> again, UnaryOperator<String> plain) {}

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final int MOST_CHARACTERS = 4_000;
    private static final int MOST_QUOTED = 2_000;
    private static final String NONE = "none";

    private final Settings settings;
    private final String what;
    private final List<String> fields;
    private final Function<String, Turn> again;
    private final UnaryOperator<String> plain;
    private final Journal journal;
    private final StudyProgress progress;
    private final BooleanSupplier stop;

    DraftWriter(Settings settings, Form form, Journal journal, StudyProgress progress, BooleanSupplier stop) {
        this.settings = settings;
        this.what = form.what();
        this.fields = form.fields();
        this.again = form.again();
        this.plain = form.plain();
        this.journal = journal;
        this.progress = progress;
        this.stop = stop;
    }

    /**
     * Has a model write all drafts that the journal does not have.
     *
     * @throws Stopped when asked to stop; what was written is kept
     */
    void write(List<Draft> all, ChatModel model) {
        List<Draft> open = all.stream().filter(draft -> !journal.has(draft.id)).toList();
        int[] done = {0, open.size()};
        for (int attempt = 1; attempt <= settings.attempts() && !open.isEmpty(); attempt++) {
            open = ask(open, model, done, attempt == settings.attempts());
        }
    }

    /** What was written for a draft; empty where no answer had the form. */
    Optional<JsonNode> written(String id) {
        return Optional.ofNullable(journal.get(id)).filter(kept -> !kept.has(NONE));
    }

    /** Those that must be asked for again. */
    private List<Draft> ask(List<Draft> open, ChatModel model, int[] done, boolean last) {
        List<Draft> left = new ArrayList<>();
        List<String> failures = new ArrayList<>();
        List<ChatModel.Request> requests = open.stream()
                .map(draft -> new ChatModel.Request(
                        draft.messages,
                        settings.maxNewTokens(),
                        OptionalDouble.of(settings.temperature()),
                        draft.seed,
                        List.of()))
                .toList();
        model.complete(requests, new ChatModel.Sink() {
            @Override
            public void replied(int i, ChatModel.Reply reply) {
                switch (reply) {
                    case ChatModel.Reply.Text answer -> {
                        if (take(open.get(i), Thinking.without(answer.text()), last)) {
                            progress.at(what, ++done[0], done[1]);
                        } else {
                            left.add(open.get(i));
                        }
                    }
                    case ChatModel.Reply.Failure(String why) -> failures.add(why);
                }
                requireGoingOn();
            }

            @Override
            public boolean stopped() {
                return stop.getAsBoolean();
            }
        });
        requireGoingOn();
        if (!failures.isEmpty()) {
            throw new BadInput("the writer of " + what + " gave no answer to " + failures.size() + " of "
                    + open.size()
                    + " requests (" + failures.getFirst()
                    + "); what was written is kept, the same command continues from"
                    + " there");
        }
        return left;
    }

    /** Whether an answer settles a draft: it has the form, or not though asked for the last time. */
    private boolean take(Draft draft, String answer, boolean last) {
        ObjectNode texts = JsonNodeFactory.instance.objectNode();
        String problem = read(answer, texts);
        if (problem.isEmpty()) {
            journal.put(draft.id, texts);
            return true;
        }
        if (last) {
            journal.put(draft.id, JsonNodeFactory.instance.objectNode().put(NONE, problem));
            return true;
        }
        List<Turn> more = new ArrayList<>(draft.messages.subList(0, 2));
        more.add(Turn.assistant(
                answer.isBlank() ? "(no text)" : answer.substring(0, Math.min(MOST_QUOTED, answer.length()))));
        more.add(again.apply(problem));
        draft.messages = more;
        return false;
    }

    /** Reads an object, strictly; what is wrong with it, or nothing. */
    private String read(String answer, ObjectNode into) {
        JsonNode json;
        try {
            json = JSON.readTree(unfenced(answer.strip()));
        } catch (JsonProcessingException e) {
            return "it is not JSON alone";
        }
        if (json == null || !json.isObject() || json.size() != fields.size()) {
            return "it is not an object with the " + fields.size() + " texts";
        }
        for (String name : fields) {
            String given = json.path(name).textValue();
            String clean = given == null ? "" : plain.apply(given);
            if (clean.isEmpty()) {
                return "\"" + name + "\" is missing, or is not text";
            }
            if (clean.length() > MOST_CHARACTERS) {
                return "\"" + name + "\" is too long";
            }
            into.put(name, clean);
        }
        return "";
    }

    /** Many models put JSON into a fenced block, which is no part of it. */
    private static String unfenced(String answer) {
        if (answer.startsWith("```") && answer.endsWith("```") && answer.indexOf('\n') > 0) {
            return answer.substring(answer.indexOf('\n') + 1, answer.length() - 3);
        }
        return answer;
    }

    private void requireGoingOn() {
        if (stop.getAsBoolean()) {
            throw new Stopped();
        }
    }
}
