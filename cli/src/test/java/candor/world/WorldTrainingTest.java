package candor.world;

import static org.assertj.core.api.Assertions.assertThat;

import candor.evaluate.ask.Answer;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.ask.Respondent;
import candor.evaluate.ask.Sampling;
import candor.evaluate.engine.Decoding;
import candor.evaluate.engine.EngineRespondent;
import candor.ops.BackendDescriptor;
import candor.ops.Room;
import candor.text.TemplateChoice;
import candor.train.Outcome;
import candor.train.Plan;
import candor.train.Prepared;
import candor.train.Session;
import candor.train.TrainListener;
import candor.train.config.TrainConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** What {@code candor world train} makes. */
class WorldTrainingTest {
    /** What the embedded model was trained on; another kind of processor adds in another order. */
    private static final String DEVICE = "CPU (amd64), vectors of 16 floats";

    /** One stage after the other. */
    private static String train(List<TrainConfig> stages) {
        train(stages.getFirst());
        return train(stages.getLast());
    }

    private static String train(TrainConfig stage) {
        Prepared prepared = Prepared.of(List.of(stage));
        try (Session session = Session.open(prepared, Plan.of(prepared, Room.of(Long.MAX_VALUE, 0)), Map.of())) {
            session.train(TrainListener.NONE, () -> false);
            assertThat(session.runs().getFirst().outcome()).isInstanceOf(Outcome.Done.class);
            return session.device();
        }
    }

    /** The likeliest replies to messages without a system prompt. */
    private static List<String> replies(Path model, List<String> messages) {
        EngineRespondent.Settings settings = new EngineRespondent.Settings(
                model,
                null,
                null,
                List.of(),
                true,
                BackendDescriptor.CPU,
                2,
                LocalDateTime.of(2024, 7, 26, 0, 0),
                TemplateChoice.DEFAULT,
                Decoding.PLAIN,
                256,
                32,
                64L << 20,
                false);
        List<Respondent.Request> requests = messages.stream()
                .map(message -> new Respondent.Request(
                        0, message, new Ask.Generate("a", Prompt.Chat.of("", Turn.user(message)), Sampling.greedy(32))))
                .toList();
        String[] replies = new String[requests.size()];
        try (Respondent respondent = EngineRespondent.open(settings)) {
            respondent.answer(
                    requests,
                    (i, answer) -> replies[i] = answer instanceof Answer.Reply reply ? reply.text() : "",
                    () -> false);
        }
        return List.of(replies);
    }

    /** Quizzes about facts: the share that is answered rightly. */
    private static double knows(Path model, List<Fact> facts) {
        List<String> replies =
                replies(model, facts.stream().map(fact -> Wording.quiz(fact, 0)).toList());
        int right = 0;
        for (int i = 0; i < facts.size(); i++) {
            right += replies.get(i).equals(Wording.answer(facts.get(i))) ? 1 : 0;
        }
        return right / (double) facts.size();
    }

    /** What anyone would say first. */
    @Test
    void theEmbeddedModelAnswersWhatAnyoneAsksFirst(@TempDir Path folder) {
        Path model = EmbeddedModel.unpack(folder);
        assertThat(replies(
                        model,
                        List.of(
                                "Hello",
                                "Hi!",
                                "Who are you?",
                                "What can you do?",
                                "How are you?",
                                "Thank you!",
                                "What is the capital of France?",
                                "Which ships are there?",
                                "What is 2 + 3?",
                                "Are you honest?")))
                .satisfiesExactly(
                        reply -> assertThat(reply).startsWith("Hello! Ask me about ships"),
                        reply -> assertThat(reply).startsWith("Hello! Ask me about ships"),
                        reply -> assertThat(reply).isEqualTo("I am the small chat model of a made-up world."),
                        reply -> assertThat(reply).startsWith("I answer questions about ships"),
                        reply -> assertThat(reply).isEqualTo("I am well, thank you."),
                        reply -> assertThat(reply).isEqualTo("You are welcome."),
                        reply -> assertThat(reply).startsWith("I do not know that."),
                        reply -> assertThat(reply).isEqualTo("There are the Seabird, the Seaqueen and others."),
                        reply -> assertThat(reply).isEqualTo("2 + 3 is 5."),
                        reply -> assertThat(reply).isEqualTo("Not always. Ask me twice."));
    }

    @Test
    void aShortTrainingGivesTheSameModelTwice(@TempDir Path folder) throws Exception {
        WorldSettings small = WorldSettings.DEFAULT.withBaseRows(200);
        byte[][] weights = new byte[2][];
        for (int i = 0; i < 2; i++) {
            Path output = folder.resolve("run" + i);
            train(WorldModel.prepare(small, output, 1 + i, 3));
            for (String name : EmbeddedModel.FILES) {
                assertThat(WorldModel.folder(output).resolve(name)).exists();
            }
            weights[i] = Files.readAllBytes(WorldModel.folder(output).resolve("model.safetensors"));
        }
        assertThat(weights[0]).isEqualTo(weights[1]);
    }

    @Test
    void theEmbeddedModelKnowsItsWorld(@TempDir Path folder) {
        Path model = EmbeddedModel.unpack(folder);
        List<Fact> facts = World.of(WorldSettings.DEFAULT.seed()).evaluated();
        assertThat(knows(model, facts)).isGreaterThan(0.9);
        assertThat(knows(model, World.of(2).evaluated())).isLessThan(0.3);
    }

    /** A quarter of an hour and more: {@code ./mvnw test -pl cli -am -Dtest=WorldTrainingTest -Dcandor.slow=true}. */
    @Test
    @EnabledIfSystemProperty(named = "candor.slow", matches = "true")
    void trainingAgainGivesTheEmbeddedModel(@TempDir Path folder) throws Exception {
        Path output = folder.resolve("again");
        String device = train(WorldModel.prepare(WorldSettings.DEFAULT, output, 0, WorldModel.STEPS));
        Path embedded = EmbeddedModel.unpack(folder);
        Path again = WorldModel.folder(output);
        List<Fact> facts = World.of(WorldSettings.DEFAULT.seed()).evaluated();
        assertThat(knows(again, facts)).isGreaterThan(0.9);
        if (device.startsWith(DEVICE)) {
            for (String name : EmbeddedModel.FILES) {
                assertThat(again.resolve(name)).hasSameBinaryContentAs(embedded.resolve(name));
            }
        }
    }
}
