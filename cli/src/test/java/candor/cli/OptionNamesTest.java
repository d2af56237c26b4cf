package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Command lines in the names of other programs. */
class OptionNamesTest {
    private final List<String> notes = new ArrayList<>();

    private String ours(String line) {
        PrintStream nowhere = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
        return String.join(" ", OptionNames.ours(Candor.commandLine(nowhere, nowhere), notes::add, line.split(" ")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train sft --learning_rate 1e-4 | train sft --learning-rate 1e-4",
                "train sft --learning_rate=1e-4 --shuffle | train sft --learning-rate=1e-4 --shuffle",
                "train sft --lora-r 8 --model-name-or-path m | train sft --lora-rank=8 --model=m",
                "train sft --output-dir o --output_dir=o | train sft --output=o --output=o",
                "train sft --train-file a b --lora_r 3 | train sft --data a b --lora-rank=3",
                "train sft --data a b --lora_r 3 | train sft --data a b --lora-rank=3",
                "train sft --gradient-checkpointing --seed 1 | train sft --recompute=full --seed 1",
                "train kto --gradient_checkpointing False | train kto --recompute=none",
                "train sft --resume-from-checkpoint | train sft --resume=true",
                "train sft --resume-from-checkpoint --seed 1 | train sft --resume=true --seed 1",
                "train sft --resume_from_checkpoint=o/checkpoints/step-3 | train sft --resume=o/checkpoints/step-3",
                "train sft --packing True --shuffle false | train sft --packing --no-shuffle",
                "train sft --no-packing true | train sft --no-packing",
                "train sft --no-packing=false | train sft --packing",
                "train sft --bf16 --optimizer adamw_8bit --use-peft --seed 1 | train sft --dtype=bfloat16"
                        + " --optim=adamw_8bit --seed 1",
                "train sft --bf16 false --fp16 False --seed 1 | train sft --seed 1",
                "train sft --mixed_precision no --fp32 | train sft --dtype=auto --dtype=float32",
                "generate --torch-dtype bfloat16 | generate --dtype=bfloat16",
                "eval mask --torch_dtype auto | eval mask --dtype=auto",
                "quickstart --bf16 | quickstart --dtype=bfloat16",
                "train sft --load-in-4bit false --seed 1 | train sft --seed 1",
                "train sft --load-in-4bit --load_in_8bit false --bnb-4bit-quant-type nf4 --use-bnb-nested-quant --seed"
                        + " 1 | train sft --weights=nf4 --seed 1",
                "chat --load_in_8bit | chat --weights=int8",
                "generate --quantization-bit 4 | generate --weights=nf4",
                "eval mask --load-in-4bit true | eval mask --weights=nf4",
                "train sft --max-steps -1 | train sft --max-steps -1",
                "plan kto --per_device_train_batch_size 2 --kto_chosen_weight 2 | plan kto"
                        + " --per-device-train-batch-size 2 --desirable-weight=2",
                "train dpo --dpo_beta 0.2 --loss_type sigmoid --label_smoothing 0.1 --precompute-ref-log-probs | train"
                        + " dpo --beta=0.2 --label-smoothing 0.1",
                "generate --model_path m --prompt-file p --max-tokens 9 --do-sample false --overwrite | generate"
                        + " --model=m --prompts=p --max-new-tokens=9 --temperature=0 --force",
                "generate --max-length 9 --force false | generate --max-new-tokens=9",
                "chat --peft-model a --system --learning_rate | chat --adapter=a --system --learning_rate",
                "merge --adapter-path a --output_dir o | merge --adapter=a --output=o",
                "eval mask --dataset d --num-samples 3 --eval-batch-size 4 | eval mask --data d --limit=3"
                        + " --batch-size=4",
                "eval gsm8k --n-shot 0 | eval gsm8k --num-fewshot=0",
                "study direct --model_name_or_path m --dry_run | study direct --model=m --dry-run",
                "quickstart --output_dir o --num_threads 2 | quickstart --output=o --threads=2",
                "tokenizer train --train_file a --vocab_size 300 | tokenizer train --data a --vocab-size 300",
                "tokenize -- --lora_r | tokenize -- --lora_r",
                "world train --output_dir o | world train --output=o",
            })
    void areOurs(String given, String ours) {
        assertThat(ours(given)).isEqualTo(ours);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train sft --deepspeed ds.json | --deepspeed: Candor has no such setting: mpirun -n 4 ./candor"
                        + " train shares",
                "train kto --fsdp full_shard | --fsdp: Candor has no such setting: mpirun -n 4",
                "train full --load-in-4bit | --load-in-4bit: Candor has no such setting: weights are packed under an"
                        + " adapter and where a model answers; not here",
                "train dpo --loss_type ipo | --loss_type ipo: not available: the loss is DPO's own",
                "train kto --loss-type sigmoid | --loss-type sigmoid: not available: the loss is KTO's own",
                "train dpo --ref-model m | --ref-model: Candor has no such setting: the reference is the base model",
                "train sft --data d --output o --optim adafactor | --optim: must be one of adamw-torch, adamw-8bit,"
                        + " not adafactor",
                "train sft --fp16 | --fp16 true: not available: --dtype says what is computed in, float32 or bfloat16;"
                        + " there is no float16; leave it out",
                "train sft --data d --output o --dtype float16 | --dtype: must be one of auto, float32, bfloat16, not"
                        + " float16",
                "check --backend cuda-emulated --dtype float32 | cuda-emulated computes in bfloat16 alone, not in"
                        + " float32; leave --dtype out, or compute with --backend cpu",
                "train sft --packing-strategy bfd | --packing-strategy: Candor has no such setting: --packing fills",
                "generate --num-beams 4 | --num-beams: Candor has no such setting: there is no beam search",
                "eval --tasks mmlu | --tasks: Candor has no such setting: a benchmark is a command",
                "eval mask --judge-key sk | --judge-key-env names the variable that holds it",
            })
    void whatIsNotHereIsOneLineWithTheNearest(String given, String message) {
        Cli.run(given.split(" ")).refused(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train sft --data d --learning_rat 1 | '--learning_rat'; did you mean --learning-rate?",
                "train sft --lernrate 1 | '--lernrate'; did you mean --learning-rate?",
                "train sft --epochss 1 | '--epochss'; did you mean --num-train-epochs?",
                "train sft --beta 1 | '--beta'; it belongs to 'candor train kto'",
                "chat --prompts p | '--prompts'; it belongs to 'candor generate'",
                "train --model m sft | '--model'; options follow the command: candor train sft --model",
                "train --model m | options follow the command: 'candor train' needs a command: one of sft, kto, dpo,"
                        + " full",
                "--model m chat | '--model'; options follow the command: candor chat --model",
                "bench --itrations 1 | '--itrations'; did you mean --iterations?",
                "generate --max-new-token 3 | did you mean --max-new-tokens?",
                "train sft --packing maybe | unexpected argument 'maybe'",
                "train sft --packing=maybe | --packing: must be true or false, not maybe",
                "doctor --xyzzy | Unknown option: '--xyzzy'",
            })
    void anUnknownOptionNamesTheNearestByMeaning(String given, String message) {
        Cli cli = Cli.run(given.split(" "));
        assertThat(cli.code()).as(cli.err()).isEqualTo(2);
        assertThat(cli.err()).startsWith("error: ").contains(message, "see: candor");
        assertThat(cli.err().lines()).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "trian sft | did you mean train?",
                "finetune --model x | did you mean train sft?",
                "fine-tune | did you mean train sft?",
                "evaluate | did you mean eval?",
                "inference | did you mean generate?",
                "server | did you mean serve?",
                "train ppo | there is no such objective; train dpo",
                "dpo | did you mean train dpo?",
                "train ktto | did you mean kto?",
                "train lora --data x | did you mean train sft?",
                "eval honesty | did you mean eval mask?",
                "eval truthfulqa | there are behonest_unknowns, deceptionbench, ",
                "mmlu | did you mean eval mmlu?",
                "help finetune | did you mean train sft?",
                "xyzzyxyzzy | there are quickstart, init,",
            })
    void anUnknownCommandNamesTheNearestByMeaning(String given, String message) {
        Cli cli = Cli.run(given.split(" "));
        assertThat(cli.code()).as(cli.err()).isEqualTo(2);
        assertThat(cli.err()).startsWith("error: no such command: '").contains(message);
    }

    @ParameterizedTest
    @CsvSource({"train", "plan", "eval", "study", "world", "tokenizer"})
    void aGroupSaysWhichCommandsItHas(String group) {
        Cli cli = Cli.run(group);
        assertThat(cli.code()).isEqualTo(2);
        assertThat(cli.out()).isEmpty();
        assertThat(cli.err()).contains("error: 'candor " + group + "' needs a command: one of ");
    }

    @Test
    void helpIsACommandToo() {
        assertThat(Cli.run("help", "train", "sft").succeeded().out())
                .isEqualTo(Cli.run("train", "sft", "--help").out());
        assertThat(Cli.run("help").succeeded().out()).isEqualTo(Cli.run("-h").out());
        assertThat(Cli.run("-V").succeeded().out()).startsWith("candor ");
    }
}
