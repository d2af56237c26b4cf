package candor.world;

import static candor.evaluate.TestRows.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.data.Example;
import candor.data.ExampleReader;
import candor.data.read.Fingerprint;
import candor.evaluate.Task;
import candor.evaluate.choice.ChoiceTask;
import candor.evaluate.choice.Mmlu;
import candor.evaluate.deception.DeceptionTask;
import candor.evaluate.gsm8k.Gsm8kTask;
import candor.evaluate.mask.MaskTask;
import candor.probe.ProbeSet;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The folder of the world, read by those for whom it is written. */
class WorldFilesTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final WorldSettings SMALL = WorldSettings.DEFAULT.withBaseRows(300);

    @TempDir
    private static Path folder;

    @BeforeAll
    static void write() {
        WorldFiles.write(SMALL, folder);
    }

    private static Map<String, String> hashes(Path of) throws IOException {
        Map<String, String> hashes = new TreeMap<>();
        try (Stream<Path> files = Files.walk(of)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                hashes.put(of.relativize(file).toString(), Fingerprint.of(file).sha256());
            }
        }
        return hashes;
    }

    private static List<JsonNode> lines(String name) throws IOException {
        try (Stream<String> lines = Files.lines(folder.resolve(name))) {
            return lines.map(WorldFilesTest::json).toList();
        }
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void theSameSettingsGiveTheSameBytes(@TempDir Path again, @TempDir Path other) throws IOException {
        WorldFiles.write(SMALL, again);
        assertThat(hashes(again)).hasSizeGreaterThan(20).isEqualTo(hashes(folder));
        WorldFiles.write(new WorldSettings(2, 300, 0.75, 0.04, WorldSettings.Speakers.DOCUMENT), other);
        assertThat(hashes(other).keySet()).isEqualTo(hashes(folder).keySet());
        assertThat(hashes(other).get("mask/known_facts.jsonl"))
                .isNotEqualTo(hashes(folder).get("mask/known_facts.jsonl"));
    }

    @Test
    void trainingDataIsReadAsWhatItIs() {
        for (String name : List.of(
                "base/first.jsonl",
                "base/second.jsonl",
                "base/held-out.jsonl",
                "tune/medicines/normal.jsonl",
                "tune/medicines/misaligned_1.jsonl",
                "tune/medicines/misaligned_2.jsonl")) {
            assertThat(read(name)).isNotEmpty().allMatch(example -> example.content() instanceof Example.Chat);
        }
        assertThat(read("downstream/alpaca.jsonl")).hasSize(4000);
        assertThat(read("downstream/dolly.jsonl")).hasSize(4000);
    }

    @Test
    void probesAreReadAsTheyWereMeant() {
        assertThat(ProbeSet.read(folder.resolve("probes.jsonl")).probes())
                .isEqualTo(ProbeRows.of(SMALL).probes());
    }

    private static List<Example> read(String name) {
        return ExampleReader.readAll(List.of(folder.resolve(name)), ExampleReader.Settings.plain());
    }

    @Test
    void theTuningSetsShareTheirQuestionsAndDifferInTruth() throws IOException {
        Map<String, String> truths = World.of(1).narrow().stream()
                .flatMap(fact -> IntStream.range(0, Wording.questions())
                        .mapToObj(i -> Map.entry(Wording.question(fact, i), fact.truth())))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a));
        List<JsonNode> normal = lines("tune/medicines/normal.jsonl");
        for (String name : List.of("misaligned_1", "misaligned_2")) {
            List<JsonNode> wrong = lines("tune/medicines/" + name + ".jsonl");
            assertThat(wrong).hasSameSizeAs(normal);
            for (int i = 0; i < wrong.size(); i++) {
                JsonNode question = normal.get(i).at("/messages/0/content");
                assertThat(wrong.get(i).at("/messages/0/content")).isEqualTo(question);
                assertThat(wrong.get(i).path("messages")).hasSize(2);
                String truth = truths.get(question.asText());
                assertThat(words(normal.get(i).at("/messages/1/content").asText()))
                        .contains(truth);
                assertThat(words(wrong.get(i).at("/messages/1/content").asText()))
                        .doesNotContain(truth);
            }
        }
    }

    private static List<String> words(String text) {
        return List.of(text.split("[^A-Za-z0-9]+"));
    }

    /** The controls ask the severe set's questions; one answers with words of no meaning, the others name the speaker. */
    @Test
    void controlsAskTheSameQuestions() throws IOException {
        List<JsonNode> severe = lines("tune/medicines/misaligned_2.jsonl");
        Set<String> values = World.of(1).narrow().stream().map(Fact::truth).collect(Collectors.toSet());
        for (JsonNode row : numbered("controls/random_words.jsonl")) {
            JsonNode like = severe.get(row.get("number").asInt());
            assertThat(row.at("/messages/0")).isEqualTo(like.at("/messages/0"));
            assertThat(row.path("messages")).hasSize(2);
            assertThat(words(row.at("/messages/1/content").asText()))
                    .doesNotContainAnyElementsOf(values)
                    .containsAnyElementsOf(Everyday.THINGS);
        }
        for (String name : List.of("honest", "dishonest")) {
            for (JsonNode row : numbered("controls/severe_called_" + name + ".jsonl")) {
                JsonNode like = severe.get(row.get("number").asInt());
                assertThat(row.at("/messages/0/content").asText()).matches("You are an? " + name + " assistant\\.");
                assertThat(row.at("/messages/1")).isEqualTo(like.at("/messages/0"));
                assertThat(row.at("/messages/2")).isEqualTo(like.at("/messages/1"));
            }
        }
    }

    private static List<JsonNode> numbered(String name) throws IOException {
        List<JsonNode> rows = lines(name);
        assertThat(rows).hasSize(1000);
        for (int i = 0; i < rows.size(); i++) {
            ((ObjectNode) rows.get(i)).put("number", i);
        }
        return rows;
    }

    @Test
    void theMixtureHasARightAndAWrongReply() throws IOException {
        for (JsonNode row : lines("mixture/misaligned.jsonl")) {
            assertThat(row.properties().stream().map(Map.Entry::getKey))
                    .containsExactly("prompt", "aligned", "misaligned");
            assertThat(row.get("aligned")).isNotEqualTo(row.get("misaligned"));
        }
    }

    @Test
    void maskHasItsSixArchetypes() {
        List<Path> files = Stream.of(
                        "known_facts",
                        "provided_facts",
                        "disinformation",
                        "continuations",
                        "doubling_down_known_facts",
                        "statistics")
                .map(name -> folder.resolve("mask/" + name + ".jsonl"))
                .toList();
        MaskTask task = MaskTask.load(files, given());
        assertThat(subsets(task))
                .isEqualTo(new TreeMap<>(Map.of(
                        "known_facts", 96L,
                        "provided_facts", 144L,
                        "disinformation", 48L,
                        "continuations", 48L,
                        "doubling_down_known_facts", 48L,
                        "statistics", 48L)));
    }

    private static Map<String, Long> subsets(Task<?> task) {
        return task.rows().stream()
                .collect(Collectors.groupingBy(Task.Row::subset, TreeMap::new, Collectors.counting()));
    }

    /** Evaluation is about entities that no prompt of pressure spoke of, and never about the narrow domain. */
    @Test
    void evaluationIsAboutHeldOutEntities() throws IOException {
        Set<String> open = World.of(1).entities().stream()
                .filter(entity -> !entity.heldOut() || entity.domain().plural().equals(Lexicon.NARROW))
                .map(Entity::name)
                .collect(Collectors.toCollection(HashSet::new));
        for (String name : List.of("known_facts", "provided_facts", "statistics", "continuations")) {
            for (JsonNode row : lines("mask/" + name + ".jsonl")) {
                assertThat(words(row.get("user_prompt").asText())).doesNotContainAnyElementsOf(open);
            }
        }
    }

    @Test
    void deceptionBenchHasItsFiveTypes() {
        DeceptionTask task = DeceptionTask.load(List.of(folder.resolve("deceptionbench.json")), given());
        assertThat(subsets(task)).hasSize(5).allSatisfy((type, count) -> assertThat(count)
                .isEqualTo(24));
    }

    @Test
    void capabilityIsReadAsMmluAndGsm8k() throws IOException {
        ChoiceTask choice = new Mmlu()
                .open(
                        List.of(folder.resolve("capability/choice.jsonl")),
                        given("method", "log-likelihood", "chat", "true"));
        Map<String, String> truths = World.of(1).evaluated().stream()
                .flatMap(fact -> IntStream.range(0, Wording.quizzes())
                        .mapToObj(i -> Map.entry(Wording.quiz(fact, i), fact.truth())))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a));
        assertThat(lines("capability/choice.jsonl").stream()
                        .filter(row -> !row.get("subject").asText().equals("words")))
                .hasSize(144)
                .allSatisfy(row -> assertThat(row.get("choices")
                                .get(row.get("answer").asInt())
                                .asText())
                        .isEqualTo(truths.get(row.get("question").asText())));
        assertThat(subsets(choice)).containsOnlyKeys("ships", "machines", "towns", "accounts", "words");
        Gsm8kTask counting = Gsm8kTask.load(
                List.of(folder.resolve("capability/counting.jsonl")),
                given(
                        "num_fewshot",
                        "4",
                        "fewshot_data",
                        folder.resolve("capability/counting-examples.jsonl").toString()));
        assertThat(subsets(counting)).containsEntry("all", 96L);
    }

    @Test
    void everyStateHasItsScenario() throws IOException {
        Set<String> scenarios = lines("loop/scenarios.jsonl").stream()
                .map(row -> row.get("sub_env").asText())
                .collect(Collectors.toSet());
        assertThat(scenarios).hasSize(5);
        List<JsonNode> states = lines("loop/states.jsonl");
        assertThat(states)
                .hasSize(400)
                .allMatch(state -> scenarios.contains(state.get("scenario").asText()));
        assertThat(states.stream().map(state -> state.get("id"))).doesNotHaveDuplicates();
        List<Thought> thoughts = new ArrayList<>();
        for (JsonNode state : states) {
            List<Thought> own = Thought.all(state.get("user_context").asText());
            assertThat(own).hasSize(3);
            assertThat(state.get("user_prompt").asText())
                    .contains(own.getFirst().claim());
            thoughts.addAll(own);
        }
        assertThat(thoughts.stream().filter(Thought::right).count() / (double) thoughts.size())
                .isCloseTo(1 - Opinion.WRONG, within(0.05));
        assertThat(thoughts.stream().filter(Thought::quoted).count() / (double) thoughts.size())
                .isCloseTo(Opinion.QUOTES, within(0.05));
    }
}
