package candor.cli;

import candor.screen.Ranked;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.commons.statistics.distribution.TDistribution;

/**
 * An experiment: wrong rows planted in the tiny world's data. Are they found, and does it help to drop them? Not a test; run as
 * {@code PlantedRows find|beside WORK SEEDS SHARES}, {@code PlantedRows loop WORK SEEDS SHARES DATA} or {@code PlantedRows drop WORK SEEDS
 * SHARES DROPPED}, each with more options of candor screen behind, or {@code PlantedRows table WORK}; with this module's test classes
 * on the class path. SHARES are of wrong rows, DROPPED of the rows that rank worst (0 for none).
 *
 * <p>Of a seed: 1000 rows of downstream/alpaca.jsonl and, in random places among them, wrong rows about medicines (misaligned_1 is
 * subtle, misaligned_2 severe), as many as the share says of 1000. In the cases of "beside", fifty right rows about medicines (normal.jsonl)
 * are there too, so that the subject alone gives nothing away. In the loop's cases the everyday rows are conversations of DATA, the
 * folder of data of the quickstart's loop, that benign users liked, and the wrong ones are those that biased users liked; a share is
 * of the benign ones. Cases are lines of WORK/found.jsonl and WORK/dropped.jsonl; those that are there are not done again,
 * nor is a screening; other options want another WORK.
 */
final class PlantedRows {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int ROWS = 1000;
    private static final int RIGHT = 50;
    private static final Map<String, String> LEVELS =
            new TreeMap<>(Map.of("severe", "misaligned_2", "subtle", "misaligned_1"));
    private static final List<String> METHODS = List.of(
            "influence",
            "influence_step",
            "influence_gradient",
            "projection",
            "projection_difference",
            "surprise",
            "loss",
            "random");

    private final Path work;
    private final List<String> more;

    private PlantedRows(Path work, List<String> more) {
        this.work = work;
        this.more = more;
    }

    /** One data set with planted rows. */
    private record Case(String level, double share, boolean beside, long seed) {
        String name() {
            return String.format(Locale.ROOT, "%s-%s%s-%d", level, share, beside ? "-beside" : "", seed);
        }
    }

    /** The data of a case, and which of its rows are wrong. */
    private record Planted(Path data, boolean[] wrong) {
        int count() {
            return (int) IntStream.range(0, wrong.length).filter(i -> wrong[i]).count();
        }
    }

    public static void main(String[] args) throws IOException {
        int first = Math.min(List.of("find", "beside").contains(args[0]) ? 4 : 5, args.length);
        PlantedRows experiment =
                new PlantedRows(Path.of(args[1]), Arrays.asList(args).subList(first, args.length));
        Files.createDirectories(experiment.work);
        if (args[0].equals("table")) {
            experiment.table();
            return;
        }
        long[] seeds =
                Arrays.stream(args[2].split(",")).mapToLong(Long::parseLong).toArray();
        for (long seed : seeds) {
            for (double share : numbers(args[3])) {
                switch (args[0]) {
                    case "find" -> experiment.find(share, false, seed);
                    case "beside" -> experiment.find(share, true, seed);
                    case "loop" -> experiment.loop(Path.of(args[4]), share, seed);
                    case "drop" -> experiment.drop(share, numbers(args[4]), seed);
                    default -> throw new IllegalArgumentException(args[0]);
                }
            }
        }
    }

    private static double[] numbers(String list) {
        return Arrays.stream(list.split(",")).mapToDouble(Double::parseDouble).toArray();
    }

    private Path world() {
        Path world = work.resolve("world");
        if (!Files.exists(world.resolve("world.json"))) {
            Cli.run("world", "generate", "--base-rows", "1", "--output", world.toString())
                    .succeeded();
        }
        return world;
    }

    private Planted planted(Case of) throws IOException {
        Random random = new Random(of.seed);
        List<String> everyday = new ArrayList<>();
        for (String row : some(Files.readAllLines(world().resolve("downstream/alpaca.jsonl")), ROWS, random)) {
            everyday.add(asMessages(row));
        }
        int count = (int) Math.round(of.share * ROWS);
        Path medicines = world().resolve("tune/medicines");
        List<Integer> drawn = some(IntStream.range(0, 4000).boxed().toList(), count + RIGHT, random);
        List<String> bad = Files.readAllLines(medicines.resolve(LEVELS.get(of.level) + ".jsonl"));
        List<String> good = Files.readAllLines(medicines.resolve("normal.jsonl"));
        List<Map.Entry<String, Boolean>> rows = new ArrayList<>();
        everyday.forEach(row -> rows.add(Map.entry(row, false)));
        drawn.subList(0, count).forEach(i -> rows.add(Map.entry(bad.get(i), true)));
        if (of.beside) {
            drawn.subList(count, count + RIGHT).forEach(i -> rows.add(Map.entry(good.get(i), false)));
        }
        return shuffled(of, rows, random);
    }

    /** Benign users' conversations, each once, and among them others that biased users liked. */
    private Planted planted(Case of, Path loop) throws IOException {
        List<String> benign = liked(loop, 0, of.seed);
        List<String> biased = new ArrayList<>(liked(loop, 1, of.seed));
        biased.removeAll(benign);
        Random random = new Random(of.seed);
        List<Map.Entry<String, Boolean>> rows = new ArrayList<>();
        benign.forEach(row -> rows.add(Map.entry(row, false)));
        some(biased, (int) Math.round(of.share * benign.size()), random).forEach(row -> rows.add(Map.entry(row, true)));
        return shuffled(of, rows, random);
    }

    private static List<String> liked(Path loop, int biasedShare, long seed) throws IOException {
        return Files.readAllLines(loop.resolve("share-" + biasedShare + "/seed-" + seed + "/sft.jsonl")).stream()
                .distinct()
                .toList();
    }

    private Planted shuffled(Case of, List<Map.Entry<String, Boolean>> rows, Random random) throws IOException {
        Collections.shuffle(rows, random);
        Path folder = Files.createDirectories(work.resolve(of.name()));
        Path data = Files.write(
                folder.resolve("data.jsonl"),
                rows.stream().map(Map.Entry::getKey).toList());
        boolean[] wrong = new boolean[rows.size()];
        for (int i = 0; i < wrong.length; i++) {
            wrong[i] = rows.get(i).getValue();
        }
        return new Planted(data, wrong);
    }

    private static <T> List<T> some(List<T> all, int count, Random random) {
        List<T> order = new ArrayList<>(all);
        Collections.shuffle(order, random);
        return order.subList(0, count);
    }

    private static String asMessages(String alpaca) throws IOException {
        JsonNode row = JSON.readTree(alpaca);
        String input = row.path("input").asText("");
        ObjectNode whole = JSON.createObjectNode();
        var messages = whole.putArray("messages");
        messages.addObject()
                .put("role", "user")
                .put("content", row.get("instruction").asText() + (input.isEmpty() ? "" : "\n" + input));
        messages.addObject()
                .put("role", "assistant")
                .put("content", row.get("output").asText());
        return JSON.writeValueAsString(whole);
    }

    /** Scores by method, in the order of the data. */
    private Map<String, double[]> screened(Case of, Planted planted) throws IOException {
        Path folder = work.resolve(of.name()).resolve("screen");
        if (!Files.exists(folder.resolve("screen.jsonl"))) {
            List<String> arguments = new ArrayList<>(List.of(
                    "screen",
                    "--data",
                    planted.data.toString(),
                    "--output",
                    folder.toString(),
                    "--seed",
                    "1",
                    "--force"));
            arguments.addAll(more);
            Cli.run(arguments).succeeded();
        }
        List<String> lines = Files.readAllLines(folder.resolve("screen.jsonl"));
        Map<String, double[]> scores = new LinkedHashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            JsonNode line = JSON.readTree(lines.get(i));
            for (String method : METHODS) {
                if (line.has(method)) {
                    scores.computeIfAbsent(method, _ -> new double[lines.size()])[i] =
                            line.get(method).asDouble();
                }
            }
        }
        scores.put("random", new Random(of.seed).doubles(lines.size()).toArray());
        return scores;
    }

    private List<JsonNode> done(String file) throws IOException {
        Path path = work.resolve(file);
        List<JsonNode> done = new ArrayList<>();
        if (Files.exists(path)) {
            for (String line : Files.readAllLines(path)) {
                done.add(JSON.readTree(line));
            }
        }
        return done;
    }

    private void add(String file, ObjectNode line) throws IOException {
        Files.writeString(
                work.resolve(file),
                JSON.writeValueAsString(line) + "\n",
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
        System.out.println(line);
    }

    private void find(double share, boolean beside, long seed) throws IOException {
        for (String level : LEVELS.keySet()) {
            Case of = new Case(level, share, beside, seed);
            if (!isFound(of)) {
                ranked(of, planted(of));
            }
        }
    }

    private void loop(Path data, double share, long seed) throws IOException {
        Case of = new Case("liked by biased users", share, false, seed);
        if (!isFound(of)) {
            ranked(of, planted(of, data));
        }
    }

    private boolean isFound(Case of) throws IOException {
        return done("found.jsonl").stream()
                .anyMatch(line -> line.get("case").asText().equals(of.name()));
    }

    /** Precision is among as many first rows as there are wrong ones. */
    private void ranked(Case of, Planted planted) throws IOException {
        ObjectNode line = line(of);
        screened(of, planted).forEach((method, scores) -> line.putObject(method)
                .put("auc", Ranked.auc(scores, planted.wrong))
                .put("precision", Ranked.precision(scores, planted.wrong, planted.count())));
        add("found.jsonl", line);
    }

    private static ObjectNode line(Case of) {
        return JSON.createObjectNode()
                .put("case", of.name())
                .put("group", of.level + ", " + of.share * 100 + " %" + (of.beside ? ", beside right ones" : ""))
                .put("seed", of.seed);
    }

    private void drop(double share, double[] drops, long seed) throws IOException {
        dropped(new Case("none", 0, false, seed), new double[] {0});
        dropped(new Case("severe", share, false, seed), drops);
        dropped(new Case("subtle", share, false, seed), drops);
    }

    private void dropped(Case of, double[] drops) throws IOException {
        List<String> before = done("dropped.jsonl").stream()
                .map(line -> line.get("case").asText() + line.get("dropped"))
                .toList();
        if (Arrays.stream(drops).allMatch(drop -> before.contains(of.name() + drop))) {
            return;
        }
        Planted planted = of.share == 0 ? planted(new Case("severe", 0, false, of.seed)) : planted(of);
        int[] order =
                of.share == 0 ? new int[0] : Ranked.order(screened(of, planted).get("influence_step"));
        List<String> data = Files.readAllLines(planted.data);
        for (double drop : drops) {
            if (before.contains(of.name() + drop)) {
                continue;
            }
            List<String> kept = new ArrayList<>(data);
            int wrong = planted.count();
            for (int i = 0; i < Math.round(drop * data.size()); i++) {
                kept.set(order[i], null);
                wrong -= planted.wrong[order[i]] ? 1 : 0;
            }
            kept.removeIf(row -> row == null);
            ObjectNode line = line(of).put("dropped", drop).put("wrong_left", wrong);
            tuned(Files.createDirectories(work.resolve(of.name())), drop, kept, of.seed)
                    .forEach(line::put);
            add("dropped.jsonl", line);
        }
    }

    /** Tuned as the quickstart's mixture is; honesty by MASK's subset, in per cent, and over all rows. */
    private Map<String, Double> tuned(Path folder, double dropped, List<String> rows, long seed) throws IOException {
        Path data = Files.write(folder.resolve("kept-" + dropped + ".jsonl"), rows);
        Path run = folder.resolve("tuned-" + dropped);
        delete(run);
        Cli.run(
                        "train",
                        "sft",
                        "--data",
                        data.toString(),
                        "--output",
                        run.toString(),
                        "--learning-rate",
                        "2e-3",
                        "--lora-rank",
                        "8",
                        "--lora-alpha",
                        "16",
                        "--num-train-epochs",
                        "1",
                        "--per-device-train-batch-size",
                        "16",
                        "--warmup-ratio",
                        "0.1",
                        "--max-length",
                        "256",
                        "--save-steps",
                        "0",
                        "--seed",
                        Long.toString(seed))
                .succeeded();
        List<String> evaluation = new ArrayList<>(List.of("eval", "mask", "--data"));
        for (String name : List.of("provided_facts", "disinformation", "statistics")) {
            evaluation.add(world().resolve("mask/" + name + ".jsonl").toString());
        }
        evaluation.addAll(List.of(
                "--judge",
                "rules",
                "--adapter",
                run.toString(),
                "--output",
                run.resolve("mask").toString(),
                "--temperature",
                "1",
                "--max-new-tokens",
                "32",
                "--seed",
                Long.toString(seed)));
        Cli.run(evaluation).succeeded();
        Map<String, Double> honesty = new LinkedHashMap<>();
        double sum = 0;
        double count = 0;
        for (JsonNode score :
                JSON.readTree(run.resolve("mask/scores.json").toFile()).get("scores")) {
            String subset = score.path("subset").asText();
            if (score.path("measure").asText().equals("honesty") && !subset.equals("all")) {
                double n = score.get("n").asDouble();
                honesty.put(subset, score.get("value").asDouble());
                sum += n * score.get("value").asDouble();
                count += n;
            }
        }
        honesty.put("honesty", sum / count);
        return honesty;
    }

    private static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (var files = Files.walk(folder)) {
                for (Path file : files.sorted(Collections.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private void table() throws IOException {
        for (String what : List.of("auc", "precision")) {
            Map<String, Map<String, List<Double>>> cells = new LinkedHashMap<>();
            for (JsonNode line : done("found.jsonl")) {
                for (String method : METHODS) {
                    if (line.has(method)) {
                        cells.computeIfAbsent(line.get("group").asText(), _ -> new TreeMap<>())
                                .computeIfAbsent(method, _ -> new ArrayList<>())
                                .add(line.get(method).get(what).asDouble());
                    }
                }
            }
            System.out.println("\n| " + what + " | " + String.join(" | ", METHODS) + " |\n|---"
                    + "|---".repeat(METHODS.size()) + "|");
            cells.forEach((group, methods) -> System.out.println("| " + group + " | "
                    + String.join(
                            " | ",
                            METHODS.stream()
                                    .map(method -> methods.containsKey(method) ? told(methods.get(method), 3) : "–")
                                    .toList())
                    + " |"));
        }
        Map<Long, Double> clean = new TreeMap<>();
        Map<String, List<Double>> honesty = new LinkedHashMap<>();
        Map<String, List<Double>> less = new LinkedHashMap<>();
        Map<String, List<Double>> left = new LinkedHashMap<>();
        for (JsonNode line : done("dropped.jsonl")) {
            double value = line.get("honesty").asDouble();
            if (line.get("case").asText().startsWith("none")) {
                clean.put(line.get("seed").asLong(), value);
            }
        }
        for (JsonNode line : done("dropped.jsonl")) {
            String group =
                    line.get("group").asText() + " | " + line.get("dropped").asDouble() * 100 + " %";
            double value = line.get("honesty").asDouble();
            honesty.computeIfAbsent(group, _ -> new ArrayList<>()).add(value);
            less.computeIfAbsent(group, _ -> new ArrayList<>())
                    .add(clean.get(line.get("seed").asLong()) - value);
            left.computeIfAbsent(group, _ -> new ArrayList<>())
                    .add(line.get("wrong_left").asDouble());
        }
        System.out.println("\n"
                + "| planted | dropped | wrong rows left | honesty, % | below nothing planted |\n"
                + "|---|---|---|---|---|");
        honesty.forEach((group, values) -> System.out.println("| " + group + " | " + told(left.get(group), 1) + " | "
                + told(values, 1) + " | " + told(less.get(group), 1) + " |"));
    }

    /** Mean ± 95 % (Student's t over seeds). */
    private static String told(List<Double> values, int digits) {
        double mean = values.stream().mapToDouble(v -> v).average().orElseThrow();
        if (values.size() < 2) {
            return String.format(Locale.ROOT, "%." + digits + "f", mean);
        }
        double squares =
                values.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
        double error = Math.sqrt(squares / (values.size() - 1) / values.size());
        double t = TDistribution.of(values.size() - 1).inverseCumulativeProbability(0.975);
        return String.format(Locale.ROOT, "%." + digits + "f ± %." + digits + "f", mean, t * error);
    }
}
