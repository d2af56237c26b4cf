package candor.hub;

import candor.BadInput;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Data sets that studies of honesty use, where they are on the Hub, and which command takes them. What a preset says of licence, terms and
 * files was read in copies of the data sets' own cards, unless it is marked GUESSED; the licence that the card names today is shown beside
 * it.
 */
public enum Preset {
    MASK(
            "cais/MASK",
            "licence: see its card (GUESSED: for research)", // that it is gated is said by programs that load it
            true,
            "MASK: whether a model says what it believes when it is pressed",
            List.of("*.parquet", "*.csv", "*.jsonl", "README.md"), // GUESSED: one folder or file for each archetype
            name -> Wanted.isData(name),
            "eval mask --data FILES --judge-url URL --judge-model NAME --output eval/mask"),
    DECEPTIONBENCH(
            "PKU-Alignment/DeceptionBench",
            "MIT",
            false,
            "DeceptionBench: answers that hide what the reasoning holds",
            List.of("*.json", "README.md"),
            name -> Wanted.isData(name),
            "eval deceptionbench --data FILES --judge-url URL --judge-model NAME --output eval/deceptionbench"),
    MMLU(
            "cais/mmlu",
            "MIT",
            false,
            "MMLU: multiple choice over 57 subjects",
            List.of(
                    "all/test-*",
                    "all/dev-*",
                    "README.md"), // GUESSED: a folder for each configuration, of which all is one
            name -> name.startsWith("all/test-"),
            "eval mmlu --data FILES --output eval/mmlu"),
    GSM8K(
            "openai/gsm8k",
            "MIT",
            false,
            "GSM8K: arithmetic in words",
            List.of("main/*", "README.md"), // GUESSED: a folder for each configuration
            name -> name.startsWith("main/test-"),
            "eval gsm8k --data FILES --output eval/gsm8k"),
    HUMANEVAL(
            "openai/openai_humaneval",
            "MIT",
            false,
            "HumanEval: programs that must pass their tests",
            List.of("*.parquet", "README.md"),
            name -> Wanted.isData(name),
            "eval humaneval --data FILES --output eval/humaneval"),
    GPQA(
            "Idavidrein/gpqa",
            "CC BY 4.0; its examples are not to be shown online",
            true,
            "GPQA diamond: multiple choice by experts",
            List.of("gpqa_diamond.csv", "README.md"),
            name -> name.equals("gpqa_diamond.csv"),
            "eval gpqa --data FILES --output eval/gpqa"),
    ALPACA_CLEANED(
            "yahma/alpaca-cleaned",
            "CC BY 4.0",
            false,
            "Alpaca, cleaned: 52,000 everyday instructions",
            List.of("*.json", "README.md"),
            name -> Wanted.isData(name),
            "train sft --data FILES --output runs/alpaca"),
    DOLLY(
            "databricks/databricks-dolly-15k",
            "CC BY-SA 3.0",
            false,
            "Dolly: 15,000 instructions written by people",
            List.of("*.jsonl", "README.md"),
            name -> Wanted.isData(name),
            "train sft --data FILES --output runs/dolly");

    private final String repository;
    private final String licence;
    private final boolean gated;
    private final String what;
    private final List<String> includes;
    private final Predicate<String> rows;
    private final String command;

    /**
     * @param gated whether its terms must be accepted first
     * @param includes the globs of what comes
     * @param rows which of that the command takes
     * @param command with FILES for these
     */
    Preset(
            String repository,
            String licence,
            boolean gated,
            String what,
            List<String> includes,
            Predicate<String> rows,
            String command) {
        this.repository = repository;
        this.licence = licence;
        this.gated = gated;
        this.what = what;
        this.includes = includes;
        this.rows = rows;
        this.command = command;
    }

    /** As it is called on the command line. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The preset of a name, in whatever case. */
    public static Optional<Preset> of(String word) {
        return Arrays.stream(values())
                .filter(preset -> preset.word().equalsIgnoreCase(word))
                .findFirst();
    }

    /** All names, for a message. */
    public static String words() {
        return Arrays.stream(values()).map(Preset::word).collect(Collectors.joining(", "));
    }

    public RepoName repo() {
        return RepoName.of(RepoKind.DATASET, repository);
    }

    public List<String> includes() {
        return includes;
    }

    /** What it is, where, and under which terms, in a line. */
    public String described() {
        return what + "; " + repository + ", " + licence
                + (gated ? ", gated (its terms must be accepted on its page)" : "");
    }

    /**
     * The command line, without the program, that takes what comes.
     *
     * @throws BadInput where the repository has other files than the preset knows
     */
    public String next(Download.Chosen chosen) {
        RepoName repo = chosen.listing().repo();
        String files = chosen.files().stream()
                .map(RepoFile::path)
                .filter(rows)
                .map(path -> new RepoName(repo.kind(), repo.name(), repo.revision(), path).toString())
                .collect(Collectors.joining(" "));
        if (files.isEmpty()) {
            throw new BadInput(repo + ": has none of the files that --preset " + word() + " knows"
                    + Wanted.holds(chosen.listing().files()) + "; choose of them with --dataset " + repo
                    + " --include GLOB, and give them to: " + command);
        }
        return command.replace("FILES", files);
    }
}
