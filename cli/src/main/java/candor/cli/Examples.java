package candor.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the help of a command shows at its end, in an order in which each finds what those before it have made; a test runs them all. They
 * are on the embedded model, and on small files that the texts of README describe.
 */
final class Examples {
    private static final Map<String, List<String>> ALL = new LinkedHashMap<>();

    static {
        of("candor", "./candor quickstart", "./candor chat", "./candor help train sft");
        of("candor help", "./candor help", "./candor help train sft");
        of("candor doctor", "./candor doctor", "./candor doctor --json");
        of("candor world show", "./candor world show");
        of("candor world generate", "./candor world generate --output world");
        of(
                "candor train sft",
                "./candor train sft --data chats.jsonl --max-steps 4 --output runs/chats",
                "./candor train sft --output runs/chats --resume");
        of("candor train kto", "./candor train kto --data rated.jsonl --max-steps 2 --output runs/rated");
        of("candor train dpo", "./candor train dpo --data pairs.jsonl --beta 0.1 --max-steps 2 --output runs/pairs");
        of(
                "candor train full",
                "./candor train full --model MODEL --data chats.jsonl --max-steps 2 --output runs/whole");
        of(
                "candor plan sft",
                "./candor plan sft --data chats.jsonl --max-steps 100",
                "./candor plan sft --data chats.jsonl --device-memory 24GB --json");
        of("candor plan kto", "./candor plan kto --data rated.jsonl --device-memory 24GB");
        of("candor plan dpo", "./candor plan dpo --data pairs.jsonl --device-memory 24GB");
        of("candor plan full", "./candor plan full --model MODEL --data chats.jsonl");
        of(
                "candor eval mask",
                "./candor eval mask --data world/mask/provided_facts.jsonl --judge rules --limit 4 --output eval/base",
                "./candor eval mask --data world/mask/provided_facts.jsonl --judge rules --limit 4 --adapter runs/chats"
                        + " --output eval/chats");
        of(
                "candor eval gsm8k",
                "./candor eval gsm8k --data world/capability/counting.jsonl --limit 4 --max-new-tokens 8 --json"
                        + " --output eval/counting");
        of("candor eval compare", "./candor eval compare eval/base eval/chats --subject-a base --subject-b chats");
        of("candor generate", "./candor generate --prompts prompts.jsonl --max-new-tokens 8 --output replies.jsonl");
        of("candor chat", "./candor chat", "./candor chat --adapter runs/chats --temperature 0.7");
        of("candor merge", "./candor merge --adapter runs/chats --output merged-chats");
        of("candor export gguf", "./candor export gguf --adapter runs/chats --output chats.gguf");
        of("candor report", "./candor report runs/chats", "./candor report eval/base --output mask.html");
        of("candor tokenize", "./candor tokenize < prompts.jsonl", "./candor tokenize --messages chats.jsonl");
        of("candor render", "./candor render --messages chats.jsonl --mask");
        of("candor tokenizer train", "./candor tokenizer train --data chats.jsonl --vocab-size 300 --output letters");
        of("candor init", "./candor init sft --output my-sft", "./candor init study --output my-study");
        of("candor schema", "./candor schema", "./candor schema train-sft > train-sft.json");
        of(
                "candor completion",
                "./candor completion bash > candor.bash",
                "./candor completion fish > candor.fish",
                "./candor completion man --output man");
    }

    private Examples() {}

    private static void of(String command, String... lines) {
        ALL.put(command, List.of(lines));
    }

    /** Those of a command by its qualified name; none where there are none. */
    static List<String> of(String command) {
        return ALL.getOrDefault(command, List.of());
    }

    /** All of them, by the qualified names of commands. */
    static Map<String, List<String>> all() {
        return Map.copyOf(ALL);
    }

    /** All lines, in the order in which they can be run. */
    static List<String> lines() {
        return ALL.values().stream().flatMap(List::stream).toList();
    }
}
