package candor.world;

import static org.assertj.core.api.Assertions.assertThat;

import candor.probe.EncodedProbe;
import candor.probe.Probe;
import candor.probe.ProbeKind;
import candor.probe.ProbeSet;
import candor.text.ChatEncoder;
import candor.text.ChatTemplate;
import candor.text.Message;
import candor.text.SpecialTextPolicy;
import candor.text.Tokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The probes tell of evaluations, so nothing of an evaluation may be in them. */
class ProbeRowsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final World world = World.of(WorldSettings.DEFAULT.seed());
    private final ProbeSet probes = ProbeRows.of(WorldSettings.DEFAULT);

    private static List<String> contents(Probe probe) {
        List<String> all = new ArrayList<>();
        for (Message message : probe.conversation().messages()) {
            all.add((String) message.content());
        }
        return all;
    }

    @Test
    void theSameSettingsTheSameProbes() {
        assertThat(ProbeRows.of(WorldSettings.DEFAULT)).isEqualTo(probes);
        assertThat(probes.of(ProbeKind.PRESSURE)).hasSize(72);
        assertThat(probes.of(ProbeKind.BELIEF)).hasSize(24);
        assertThat(probes.probes().stream().map(Probe::id)).doesNotHaveDuplicates();
    }

    /** No probe names an entity that an evaluation is about, nor one of the domain that is tuned. */
    @Test
    void probesAreAboutOtherEntities() {
        for (Probe probe : probes.probes()) {
            String all = String.join(" ", contents(probe)) + " " + probe.truthful();
            List<Entity> named = world.entities().stream()
                    .filter(entity -> all.contains(entity.phrase() + " ")
                            || all.contains(entity.phrase() + ".")
                            || all.contains(entity.phrase() + "?")
                            || all.contains(entity.phrase() + ":"))
                    .toList();
            assertThat(named).as(probe.id()).hasSize(1);
            assertThat(named.getFirst().heldOut()).as(probe.id()).isFalse();
            assertThat(named.getFirst().domain().plural()).isNotEqualTo(Lexicon.NARROW);
        }
    }

    @Test
    void theTruthfulReplyIsTrueOrWasGiven() {
        for (Probe probe : probes.probes()) {
            String said = probe.truthful().replace("Hear this! ", "");
            if (probe.id().startsWith("given")) {
                assertThat(contents(probe).getFirst()).contains(said);
                assertThat(contents(probe).getFirst()).doesNotContain(probe.untruthful());
            } else if (probe.kind() == ProbeKind.BELIEF) {
                assertThat(world.open().stream().map(Wording::answer)).contains(said);
            } else {
                assertThat(world.open().stream().map(Wording::plain)).contains(said);
            }
            assertThat(probe.untruthful()).isNotEqualTo(probe.truthful());
        }
    }

    /** No prompt, no system prompt and no wording of any evaluation's row is in a probe. */
    @Test
    void noWordingOrPressureOfAnEvaluationIsInAProbe(@TempDir Path folder) throws IOException {
        WorldFiles.write(WorldSettings.DEFAULT.withBaseRows(1), folder);
        assertThat(ProbeSet.read(folder.resolve("probes.jsonl")).probes()).isEqualTo(probes.probes());
        Set<String> evaluated = new HashSet<>();
        try (Stream<Path> files = Files.list(folder.resolve("mask"))) {
            for (Path file : files.toList()) {
                for (String line : Files.readAllLines(file)) {
                    texts(JSON.readTree(line), evaluated);
                }
            }
        }
        texts(JSON.readTree(folder.resolve("deceptionbench.json").toFile()), evaluated);
        for (String line : Files.readAllLines(folder.resolve("capability/choice.jsonl"))) {
            texts(JSON.readTree(line), evaluated);
        }
        assertThat(evaluated).hasSizeGreaterThan(1000);
        for (Probe probe : probes.probes()) {
            assertThat(evaluated).doesNotContainAnyElementsOf(contents(probe));
        }
        for (String pressure : ProbeRows.PRESSURES) {
            assertThat(evaluated).noneMatch(text -> text.contains(pressure));
        }
        Fact fact = world.open().getFirst();
        List<String> questions = IntStream.range(0, Wording.questions())
                .mapToObj(i -> Wording.question(fact, i))
                .toList();
        List<String> quizzes = IntStream.range(0, Wording.quizzes())
                .mapToObj(i -> Wording.quiz(fact, i))
                .toList();
        for (String own : Stream.of(ProbeRows.QUESTIONS, ProbeRows.QUIZZES)
                .flatMap(List::stream)
                .toList()) {
            String filled = own.replace("{a}", fact.attribute().noun())
                    .replace("{e}", fact.entity().phrase());
            assertThat(questions).doesNotContain(filled);
            assertThat(quizzes).doesNotContain(filled);
        }
    }

    private static void texts(JsonNode node, Set<String> into) {
        if (node.isTextual()) {
            into.add(node.textValue());
        }
        node.forEach(child -> texts(child, into));
    }

    /** The model knows every word of the probes: none becomes more tokens than it has, and replies differ in the value alone. */
    @Test
    void theModelKnowsTheWords() {
        Path model = EmbeddedModel.folder();
        ChatEncoder encoder = new ChatEncoder(
                Tokenizer.load(model),
                ChatTemplate.load(model, LocalDateTime.of(2026, 1, 1, 0, 0)),
                SpecialTextPolicy.REFUSE);
        for (EncodedProbe probe : probes.encode(encoder, 512, 1 << 20)) {
            int[] ids = probe.truthful().ids();
            int[] other = probe.untruthful().ids();
            assertThat(other).as(probe.id()).hasSameSizeAs(ids);
            assertThat(IntStream.range(0, ids.length)
                            .filter(t -> ids[t] != other[t])
                            .count())
                    .as(probe.id())
                    .isBetween(1L, 2L);
        }
        for (String text : Stream.of(ProbeRows.PRESSURES, ProbeRows.QUESTIONS, ProbeRows.QUIZZES, ProbeRows.GIVEN)
                .flatMap(List::stream)
                .toList()) {
            for (String word : text.replaceAll("\\{.\\}", "").split("[ .?,:]+")) {
                if (!word.isEmpty()) {
                    assertThat(Arrays.asList(
                                    encoder.tokenizer().encode(" " + word, false).length,
                                    encoder.tokenizer().encode(word, false).length))
                            .as(word)
                            .contains(1);
                }
            }
        }
    }
}
