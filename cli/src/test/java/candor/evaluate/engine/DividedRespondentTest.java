package candor.evaluate.engine;

import static org.assertj.core.api.Assertions.assertThat;

import candor.BadInput;
import candor.comm.Communicator;
import candor.comm.ThreadCommunicator;
import candor.evaluate.ask.Answer;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.ask.Respondent;
import candor.evaluate.ask.Sampling;
import candor.evaluate.ask.Subject;
import candor.text.Conversation;
import candor.text.Message;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DividedRespondentTest {
    /** Answers with what it was asked, so that anything lost on the way shows. */
    private static final class Echo implements Respondent {
        private final List<Request> asked = new ArrayList<>();

        @Override
        public List<Subject> subjects() {
            return List.of(new Subject("base", "0"));
        }

        @Override
        public void answer(List<Request> requests, Sink sink, BooleanSupplier stop) {
            asked.addAll(requests);
            for (int i = requests.size() - 1; i >= 0; i--) {
                Request request = requests.get(i);
                sink.answered(
                        i,
                        switch (request.ask()) {
                            case Ask.Generate generate
                            when generate.key().equals("long") ->
                                new Answer.Unfit(new BadInput("too long: " + request.about(), "lower {max_length}"));
                            case Ask.Generate _ -> new Answer.Reply("ö " + request, "stop", request.subject());
                            case Ask.Score score ->
                                new Answer.LogProbs(List.of(
                                        Double.NEGATIVE_INFINITY,
                                        -0.1 - score.continuations().size() / 3.0));
                        });
            }
        }

        @Override
        public void close() {}
    }

    private static List<Respondent.Request> requests() {
        List<Respondent.Request> requests = new ArrayList<>();
        Conversation chat = new Conversation(
                List.of(
                        Message.of("system", "Höflich\n\"bitte\""),
                        new Message(Map.of("role", "user", "content", "€ 7", "weight", 0.25), false)),
                List.of(Map.of("type", "function", "strict", true)),
                Map.of("enable_thinking", false, "budget", 7));
        for (int i = 0; i < 23; i++) {
            Prompt prompt = i % 2 == 0 ? new Prompt.Chat(chat) : new Prompt.Text("text " + i);
            Ask ask =
                    switch (i % 3) {
                        case 0 -> new Ask.Generate("reply", prompt, new Sampling(0.7, 0.9, 5, Long.MIN_VALUE + i));
                        case 1 -> new Ask.Score("score", prompt, List.of("a", "b\n", "ç"), i % 2 == 0);
                        default -> new Ask.Generate(i == 5 ? "long" : "next", prompt, Sampling.greedy(3));
                    };
            requests.add(new Respondent.Request(i % 4, i % 5 == 0 ? "" : "row " + i, ask));
        }
        return requests;
    }

    private static TreeMap<Integer, String> answers(Respondent respondent) {
        TreeMap<Integer, String> all = new TreeMap<>();
        respondent.answer(
                requests(),
                (request, answer) -> all.put(
                        request, answer instanceof Answer.Unfit(BadInput why) ? why.getMessage() : answer.toString()),
                () -> false);
        return all;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void answersAreThoseOfOneProcess(int size) throws Exception {
        TreeMap<Integer, String> alone = answers(new Echo());
        try (ExecutorService threads = Executors.newFixedThreadPool(size)) {
            List<Echo> each = new ArrayList<>();
            List<Future<TreeMap<Integer, String>>> running = new ArrayList<>();
            for (Communicator comm : ThreadCommunicator.group(size, Duration.ofSeconds(60))) {
                Echo own = new Echo();
                each.add(own);
                running.add(threads.submit(() -> {
                    if (!comm.leads()) {
                        DividedRespondent.help(comm, own, () -> false);
                        return null;
                    }
                    try (DividedRespondent divided = new DividedRespondent(comm, own, 2)) {
                        assertThat(divided.subjects()).isEqualTo(own.subjects());
                        TreeMap<Integer, String> all = answers(divided);
                        divided.rest();
                        assertThat(answers(divided)).isEqualTo(all); // by the first one alone
                        return all;
                    }
                }));
            }
            for (Future<TreeMap<Integer, String>> one : running) {
                one.get();
            }
            assertThat(running.getFirst().get()).isEqualTo(alone).hasSize(23);
            assertThat(each.subList(1, size))
                    .allSatisfy(helper -> assertThat(helper.asked).hasSizeBetween(5, 12));
        }
    }
}
