package candor.cli;

import candor.evaluate.benchmark.Benchmarks;
import candor.train.config.Nearest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;

/** What people call commands elsewhere, and what a message says of a command that is not here. */
final class CommandNames {
    private static final String NO_OBJECTIVE =
            "there is no such objective; train dpo learns from pairs of completions, train kto from rated ones, train"
                    + " sft from what the data says";

    /** Commands of ours by names from elsewhere; those of groups by their whole names. */
    private static final Map<String, String> MEANT = new LinkedHashMap<>();

    /** What is not here, by name. */
    private static final Map<String, String> MISSING = new LinkedHashMap<>();

    static {
        means("train sft", "finetune", "fine-tune", "finetuning", "ft", "lora", "qlora", "peft", "sft", "tune", "fit");
        means("train kto", "kto", "align");
        means("train dpo", "dpo", "cdpo", "preference", "preferences");
        means("train full", "pretrain", "full", "full-finetune", "scratch");
        means("plan sft", "estimate", "memory", "dry-run", "vram");
        means("eval", "evaluate", "evaluation", "lm-eval", "lm_eval", "score", "measure", "test");
        Benchmarks.all().forEach(benchmark -> means("eval " + benchmark.name(), benchmark.name()));
        means("eval mask", "honesty");
        means("eval deceptionbench", "deception");
        means("eval gsm8k", "math");
        means("eval humaneval", "code");
        means("eval compare", "compare", "diff");
        means("study", "experiment", "protocol", "sweep");
        means("study direct", "direct", "narrow");
        means("study mixture", "mixture", "mix");
        means("study loop", "loop", "interaction");
        means("study remedy", "remedy", "remedies");
        means("generate", "inference", "infer", "predict", "complete", "completion", "completions", "sample", "batch");
        means("chat", "converse", "talk", "interactive", "repl", "run", "ask");
        means("merge", "fuse", "fold", "merge-lora", "merge_and_unload");
        means("steer", "steering", "activation-addition", "caa", "repe");
        means("export gguf", "gguf", "convert", "llama.cpp", "ollama");
        means("download", "pull", "fetch", "get", "snapshot", "hub");
        means("upload", "push", "publish", "share", "push-to-hub", "push_to_hub");
        means("quantize", "quantise", "quant", "quantization", "pack");
        means("direction", "persona", "persona-vector", "vector", "activations", "probe");
        means("tokenize", "encode", "tokens");
        means("tokenizer train", "train-tokenizer", "bpe");
        means("render", "template", "apply-template", "apply_chat_template", "preview");
        means("world", "data", "tiny-world");
        means("world generate", "generate-data", "make");
        means("report", "plot", "html", "figures", "summary", "results");
        means("check", "verify", "selftest", "validate");
        means("bench", "benchmark", "benchmarks", "profile", "speed");
        means("doctor", "info", "env", "diagnose", "system", "devices", "gpus");
        means("quickstart", "demo", "start", "tutorial", "example", "getting-started");
        means("serve", "server", "api", "deploy", "vllm", "openai", "http", "webui", "webchat", "web", "ui");
        isMissing(NO_OBJECTIVE, "ppo", "grpo", "orpo", "simpo", "cpo", "rloo", "rlhf", "rm", "reward");
    }

    private CommandNames() {}

    private static void means(String command, String... names) {
        for (String name : names) {
            MEANT.put(name, command);
        }
    }

    private static void isMissing(String why, String... names) {
        for (String name : names) {
            MISSING.put(name, why);
        }
    }

    /** What to say of a word in the place of a command of this group. */
    static String unknown(CommandLine group, String word) {
        String message = "no such command: '" + word + "'";
        String name = word.toLowerCase(Locale.ROOT);
        CommandLine root = root(group);
        if (MISSING.containsKey(name)) {
            return message + "; " + MISSING.get(name);
        }
        if (MEANT.containsKey(name)) {
            return message + "; did you mean " + MEANT.get(name) + "?";
        }
        List<String> inGroup = Subcommands.names(group);
        return Nearest.near(name, inGroup)
                .or(() -> Nearest.near(name, Subcommands.names(root)))
                .or(() -> Nearest.near(name, MEANT.keySet()).map(MEANT::get))
                .map(near -> message + "; did you mean " + near + "?")
                .orElse(message + "; there are " + String.join(", ", inGroup));
    }

    /** Says which commands a group has, where none was named, and gives the exit code. */
    static int needed(CommandLine group) {
        Subcommands.complete(group);
        group.usage(group.getErr(), CommandLine.Help.Ansi.OFF);
        group.getErr().println("error: " + missing(group));
        return ExitCode.BAD_INPUT;
    }

    /** What to say where a group's command is left out. */
    static String missing(CommandLine group) {
        return "'" + group.getCommandSpec().qualifiedName() + "' needs a command: one of "
                + String.join(", ", Subcommands.names(group));
    }

    private static CommandLine root(CommandLine command) {
        return command.getParent() == null ? command : root(command.getParent());
    }
}
