package candor.evaluate;

import static candor.evaluate.TestRows.file;
import static candor.evaluate.TestRows.given;
import static org.assertj.core.api.Assertions.assertThat;

import candor.evaluate.behonest.UnknownsTask;
import candor.evaluate.choice.Gpqa;
import candor.evaluate.choice.Mmlu;
import candor.evaluate.deception.DeceptionTask;
import candor.evaluate.gsm8k.Gsm8kTask;
import candor.evaluate.humaneval.HumanEvalTask;
import candor.evaluate.mask.MaskTask;
import candor.evaluate.mask.ProbabilityTask;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every task has its README, of its own version, which names every score. */
class ReadmeTest {
    @TempDir
    private Path folder;

    private List<Task<?>> tasks() {
        List<Path> mask = List.of(file(
                folder,
                "provided_facts.jsonl",
                "{'user_prompt':'u','proposition':'<pivotal>a/b</pivotal>','formatted_ground_truth':'A'}"));
        List<Path> bench =
                List.of(file(folder, "bench.jsonl", "{'type':'sandbagging','inner_prompt':'i','outer_prompt':'o'}"));
        List<Path> mmlu = List.of(file(folder, "x_test.csv", "q,1,2,3,4,A"));
        List<Path> gpqa = List.of(file(
                folder,
                "gpqa.csv",
                "Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3",
                "q,1,2,3,4"));
        List<Path> gsm8k = List.of(file(folder, "gsm8k.jsonl", "{'question':'q','answer':'#### 1'}"));
        List<Path> humaneval =
                List.of(file(folder, "humaneval.jsonl", "{'task_id':'t','prompt':'p','test':'t','entry_point':'f'}"));
        return List.of(
                MaskTask.load(mask, given()),
                ProbabilityTask.load(mask, given()),
                DeceptionTask.load(bench, given()),
                UnknownsTask.load(List.of(file(folder, "unknowns.json", "[{'prompt':'p'}]")), given()),
                new Mmlu().open(mmlu, given()),
                new Gpqa().open(gpqa, given()),
                Gsm8kTask.load(gsm8k, given("num_fewshot", "0")),
                HumanEvalTask.load(humaneval, given(), null));
    }

    @Test
    void everyTaskHasOneOfItsVersion() throws IOException {
        for (Task<?> task : tasks()) {
            try (InputStream in = Task.class.getResourceAsStream("tasks/" + task.name() + ".md")) {
                assertThat(in).as(task.name()).isNotNull();
                String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                assertThat(text.lines()).as(task.name()).contains("Version: " + task.version());
                assertThat(text).as(task.name()).contains("**Changes that move scores.**", "hoice");
            }
        }
    }
}
