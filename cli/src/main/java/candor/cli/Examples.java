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
        of("candor quickstart", "./candor quickstart", "./candor quickstart --seeds 1 --output runs/one-seed");
        of("candor doctor", "./candor doctor", "./candor doctor --json");
        of("candor world show", "./candor world show");
        of("candor world generate", "./candor world generate --output world");
        of("candor world train", "./candor world train --base-rows 64 --steps 2 --output my-world");
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
        of(
                "candor eval mask_probability",
                "./candor eval mask_probability --data world/mask/provided_facts.jsonl --limit 4 --output eval/likely");
        of(
                "candor eval deceptionbench",
                "./candor eval deceptionbench --data world/deceptionbench.json --judge rules --limit 4"
                        + " --no-insist-on-format --output eval/reasons");
        of(
                "candor eval behonest_unknowns",
                "./candor eval behonest_unknowns --data unknowns.jsonl --judge rules --max-new-tokens 8"
                        + " --output eval/unknowns");
        of(
                "candor eval mmlu",
                "./candor eval mmlu --data world/capability/choice.jsonl --method log-likelihood --limit 4"
                        + " --output eval/choices");
        of("candor eval gpqa", "./candor eval gpqa --data gpqa.csv --max-new-tokens 8 --output eval/gpqa");
        of(
                "candor eval humaneval",
                "./candor eval humaneval --data humaneval.jsonl --max-new-tokens 8 --output eval/code");
        of("candor eval conformance", "./candor eval conformance --task gsm8k --data recorded.jsonl");
        of("candor eval compare", "./candor eval compare eval/base eval/chats --subject-a base --subject-b chats");
        of("candor generate", "./candor generate --prompts prompts.jsonl --max-new-tokens 8 --output replies.jsonl");
        of("candor chat", "./candor chat", "./candor chat --adapter runs/chats --temperature 0.7");
        of("candor watch", "./candor watch runs", "./candor watch studies/tiny --port 9001");
        of("candor serve", "./candor serve --adapter runs/chats", "./candor serve --host 127.0.0.1 --port 9000");
        of("candor merge", "./candor merge --adapter runs/chats --output merged-chats");
        of("candor export gguf", "./candor export gguf --adapter runs/chats --output chats.gguf");
        of("candor quantize", "./candor quantize --weights nf4 --output tiny-nf4");
        of(
                "candor screen",
                "./candor screen --data chats.jsonl --dry-run --output screens/tiny",
                "./candor screen --data chats.jsonl --output screens/tiny");
        of("candor direction", "./candor direction --output tiny-honesty.safetensors");
        of(
                "candor steer",
                "./candor steer --adapter runs/chats --direction tiny-honesty.safetensors --strength 2 --output"
                        + " runs/chats-steered");
        of(
                "candor study direct",
                "./candor study direct --config direct.yaml --dry-run",
                "./candor study direct --config direct.yaml --seeds 1");
        of("candor study mixture", "./candor study mixture --config mixture.yaml --dry-run");
        of("candor study loop", "./candor study loop --config loop.yaml --dry-run");
        of("candor study remedy", "./candor study remedy --config remedy.yaml --dry-run");
        of("candor study preset", "./candor study preset", "./candor study preset llama-3.1-8b-instruct > paper.yaml");
        of(
                "candor download",
                "./candor download Qwen/Qwen3-0.6B --dry-run",
                "./candor download Qwen/Qwen3-0.6B",
                "./candor download --preset gsm8k");
        of("candor upload", "./candor upload runs/chats --repo ORG/NAME --base-model ORG/BASE --dry-run");
        of("candor check", "./candor check", "./candor check --op attention --dtype bfloat16");
        of(
                "candor bench",
                "./candor bench --shape tiny --op linear.gate,attention --tokens 256",
                "./candor bench --compare A.json B.json");
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
