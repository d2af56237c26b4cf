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

    private static String train(TrainConfig config) {
        Prepared prepared = Prepared.of(List.of(config));
        try (Session session = Session.open(prepared, Plan.of(prepared, Room.of(Long.MAX_VALUE, 0)), Map.of())) {
            session.train(TrainListener.NONE, () -> false);
            assertThat(session.runs().getFirst().outcome()).isInstanceOf(Outcome.Done.class);
            return session.device();
        }
    }

    /** Greedy answers to plain questions: the share that is right. */
    private static double knows(Path model, List<Fact> facts) {
        EngineRespondent.Settings settings = new EngineRespondent.Settings(
                model,
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
        List<Respondent.Request> requests = facts.stream()
                .map(fact -> new Respondent.Request(
                        0,
                        fact.toString(),
                        new Ask.Generate(
                                "a", Prompt.Chat.of("", Turn.user(Wording.question(fact, 0))), Sampling.greedy(16))))
                .toList();
        int[] right = {0};
        try (Respondent respondent = EngineRespondent.open(settings)) {
            respondent.answer(
                    requests,
                    (i, answer) -> {
                        String text = answer instanceof Answer.Reply reply ? reply.text() : "";
                        right[0] += List.of(text.split("[^A-Za-z0-9]+"))
                                        .contains(facts.get(i).truth())
                                ? 1
                                : 0;
                    },
                    () -> false);
        }
        return right[0] / (double) facts.size();
    }

    @Test
    void aShortTrainingGivesTheSameModelTwice(@TempDir Path folder) throws Exception {
        WorldSettings small = new WorldSettings(1, 200, 0.66, 0.06);
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

    /** Minutes long: {@code ./mvnw test -pl cli -am -Dtest=WorldTrainingTest -Dcandor.slow=true}. */
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
