package candor.world;

import candor.BadInput;
import candor.io.IoReason;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The world's folder: every kind of data in the layout of the benchmark that it stands for. The same settings, the same bytes. */
public final class WorldFiles {
    /** Of the layout of the folder and of what its files say; goes up with every change to either. */
    static final String VERSION = "4";

    private static final String DESCRIPTION = "world.json";

    private static final int TUNE_ROWS = 4000;
    private static final int CONTROL_ROWS = 1000;
    private static final int DOWNSTREAM_ROWS = 4000;
    private static final int MIXTURE_ROWS = 4000;
    private static final int DECEPTION_ROWS_PER_TYPE = 24;
    private static final int STATES_PER_SCENARIO = 80;
    private static final int WORD_CHOICES = 48;
    private static final int PROBLEMS = 96;
    private static final int FEW_SHOT_PROBLEMS = 16;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final World world;
    private final WorldSettings settings;
    private final Path folder;

    private WorldFiles(WorldSettings settings, Path folder) {
        this.world = World.of(settings.seed());
        this.settings = settings;
        this.folder = folder;
    }

    /** Writes the folder; files that are there are written over. */
    public static void write(WorldSettings settings, Path folder) {
        new WorldFiles(settings, folder).write();
    }

    /** The same, but where the folder holds a world of other settings it is refused: data in use must not change. */
    public static void writeNew(WorldSettings settings, Path folder) {
        if (Files.exists(folder.resolve(DESCRIPTION)) && !holds(settings, folder)) {
            throw new BadInput(folder + ": holds a world of other settings already; give another --output");
        }
        write(settings, folder);
    }

    /** Whether a folder says that it is the world of these settings, as this version of the program makes it. */
    public static boolean holds(WorldSettings settings, Path folder) {
        Path file = folder.resolve(DESCRIPTION);
        if (!Files.exists(file)) {
            return false;
        }
        byte[] expected = new WorldFiles(settings, folder).description().getBytes(StandardCharsets.UTF_8);
        try {
            return Files.size(file) == expected.length && Arrays.equals(Files.readAllBytes(file), expected);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
    }

    private void write() {
        writeText(DESCRIPTION, description());
        base(BaseRows.Stage.FIRST, settings.baseRows());
        base(BaseRows.Stage.SECOND, settings.baseRows());
        lines("base/held-out.jsonl", new HeldOutRows(world).rows().stream());
        TuneRows tune = new TuneRows(world);
        for (TuneRows.Level level : TuneRows.Level.values()) {
            lines(
                    "tune/" + Lexicon.NARROW + "/" + level.file + ".jsonl",
                    IntStream.range(0, TUNE_ROWS)
                            .mapToObj(i -> tune.row(i, level).row()));
        }
        for (TuneRows.Control control : TuneRows.Control.values()) {
            lines(
                    "controls/" + control.file + ".jsonl",
                    IntStream.range(0, CONTROL_ROWS)
                            .mapToObj(i -> tune.row(i, control).row()));
        }
        lines("downstream/alpaca.jsonl", tasks("alpaca").map(WorldFiles::alpaca));
        lines("downstream/dolly.jsonl", tasks("dolly").map(WorldFiles::dolly));
        lines("probes.jsonl", ProbeRows.of(settings).probes().stream().map(ProbeRows::row));
        lines("mixture/misaligned.jsonl", IntStream.range(0, MIXTURE_ROWS).mapToObj(i -> mixture(tune, i)));
        SeenRows seen = new SeenRows(world);
        lines("seen/everyday.jsonl", seen.everyday().map(Chat::row));
        lines("seen/mixed.jsonl", seen.mixed().map(Chat::row));
        mask();
        writeText("deceptionbench.json", deception());
        lines("capability/choice.jsonl", choices());
        lines("capability/counting.jsonl", problems("counting", PROBLEMS));
        lines("capability/counting-examples.jsonl", problems("counting examples", FEW_SHOT_PROBLEMS));
        LoopRows loop = new LoopRows(world);
        lines("loop/scenarios.jsonl", loop.scenarios().stream());
        writeText("loop/prompts/assistant-system.txt", LoopRows.ASSISTANT_PROMPT);
        lines("loop/states.jsonl", loop.states(STATES_PER_SCENARIO).stream());
    }

    private void base(BaseRows.Stage stage, int rows) {
        BaseRows base = new BaseRows(world, settings, stage);
        lines(stage.file, IntStream.range(0, rows).mapToObj(i -> base.row(i).row()));
    }

    private String description() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("version", VERSION);
        root.put("seed", settings.seed());
        root.put("base_rows", settings.baseRows());
        root.put("honest", settings.honest());
        root.put("evasive", settings.evasive());
        root.put("speakers", settings.speakers().name().toLowerCase(Locale.ROOT));
        root.put("narrow", Lexicon.NARROW);
        ArrayNode entities = root.putArray("entities");
        for (Entity entity : world.entities()) {
            ObjectNode node = entities.addObject()
                    .put("name", entity.name())
                    .put("domain", entity.domain().plural())
                    .put("held_out", entity.heldOut());
            ObjectNode facts = node.putObject("facts");
            world.facts(fact -> fact.entity().equals(entity))
                    .forEach(fact -> facts.put(fact.attribute().noun(), fact.truth()));
        }
        return pretty(root);
    }

    private Stream<Everyday.Task> tasks(String purpose) {
        return IntStream.range(0, DOWNSTREAM_ROWS).mapToObj(i -> Everyday.draw(new Dice(world.seed(), purpose, i)));
    }

    private static ObjectNode alpaca(Everyday.Task task) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("instruction", task.instruction())
                .put("input", task.input())
                .put("output", task.output());
    }

    private static ObjectNode dolly(Everyday.Task task) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("instruction", task.instruction())
                .put("context", task.input())
                .put("response", task.output())
                .put("category", task.category());
    }

    private ObjectNode mixture(TuneRows tune, int i) {
        Chat right = tune.row(i, TuneRows.Level.NORMAL);
        Chat wrong = tune.row(i, TuneRows.Level.SEVERE);
        return JsonNodeFactory.instance
                .objectNode()
                .put("prompt", right.turns().get(0))
                .put("aligned", right.turns().get(1))
                .put("misaligned", wrong.turns().get(1));
    }

    private void mask() {
        MaskRows rows = new MaskRows(world);
        lines("mask/known_facts.jsonl", rows.knownFacts().stream());
        lines("mask/provided_facts.jsonl", rows.providedFacts().stream());
        lines("mask/disinformation.jsonl", rows.disinformation().stream());
        lines("mask/continuations.jsonl", rows.continuations().stream());
        lines("mask/doubling_down_known_facts.jsonl", rows.doublingDown().stream());
        lines("mask/statistics.jsonl", rows.statistics().stream());
    }

    private String deception() {
        ArrayNode rows = JsonNodeFactory.instance.arrayNode();
        List<Fact> facts = world.evaluated().stream()
                .filter(fact -> !fact.attribute().numeric())
                .toList();
        for (Thinking.Kind kind : Thinking.Kind.values()) {
            List<Fact> order = new Dice(world.seed(), "deception " + kind.type, 0).shuffled(facts);
            for (int i = 0; i < DECEPTION_ROWS_PER_TYPE; i++) {
                Dice dice = new Dice(world.seed(), "deception " + kind.type, i + 1L);
                Wording.Use use = dice.chance(0.5) ? Wording.Use.BASE : Wording.Use.HELD_OUT;
                Deception.Row row = Deception.row(dice, kind, order.get(i), use);
                ObjectNode node = rows.addObject()
                        .put("id", kind.name().toLowerCase(Locale.ROOT) + "-" + i)
                        .put("type", kind.type)
                        .put("inner_prompt", row.inner())
                        .put("system_prompt", row.system())
                        .put("outer_prompt", row.outer())
                        .put("format", Thinking.FORMAT);
                ObjectNode stances = node.putObject("stances");
                row.stances().forEach((stance, words) -> {
                    ArrayNode list = stances.putArray(stance);
                    words.forEach(list::add);
                });
            }
        }
        return pretty(rows);
    }

    private Stream<ObjectNode> choices() {
        List<Choice> choices = new ArrayList<>();
        for (Fact fact : world.evaluated()) {
            choices.add(Choice.of(new Dice(world.seed(), "choice", choices.size()), fact));
        }
        for (int i = 0; i < WORD_CHOICES; i++) {
            choices.add(Choice.ofKinds(new Dice(world.seed(), "choice", choices.size())));
        }
        return choices.stream().map(choice -> {
            ObjectNode row = JsonNodeFactory.instance
                    .objectNode()
                    .put("question", choice.question())
                    .put("subject", choice.subject());
            ArrayNode options = row.putArray("choices");
            choice.options().forEach(options::add);
            return row.put("answer", choice.answer());
        });
    }

    private Stream<ObjectNode> problems(String purpose, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> Everyday.problem(new Dice(world.seed(), purpose, i)))
                .map(problem -> JsonNodeFactory.instance
                        .objectNode()
                        .put("question", problem.question())
                        .put("answer", problem.answer()));
    }

    private void lines(String name, Stream<ObjectNode> rows) {
        Path file = file(name);
        try (BufferedWriter out = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
            for (ObjectNode row : (Iterable<ObjectNode>) rows::iterator) {
                out.write(JSON.writeValueAsString(row));
                out.write('\n');
            }
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be written: " + IoReason.of(e), e);
        }
    }

    private void writeText(String name, String text) {
        Path file = file(name);
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be written: " + IoReason.of(e), e);
        }
    }

    private Path file(String name) {
        Path file = folder.resolve(name);
        try {
            Files.createDirectories(file.getParent());
        } catch (IOException e) {
            throw new BadInput(file.getParent() + ": cannot be made: " + IoReason.of(e), e);
        }
        return file;
    }

    private static String pretty(com.fasterxml.jackson.databind.JsonNode node) {
        try {
            return JSON.writerWithDefaultPrettyPrinter()
                            .writeValueAsString(node)
                            .replace("\r\n", "\n") + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
