package candor.train;

import candor.train.config.TrainSettings.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Fifteen rows, one of them much longer than the others. */
final class VariedRows {
    private VariedRows() {}

    /** A file of them. */
    static String file(Path folder, Method method) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 15; i++) {
            String completion = ("word " + i + " ").repeat(i == 4 ? 20 : 1 + i % 3);
            String prompt = "{\"prompt\":\"Say " + i + "\",";
            lines.add(
                    switch (method) {
                        case DPO -> prompt + "\"chosen\":\"" + completion + "\",\"rejected\":\"no " + i + "\"}";
                        case KTO -> prompt + "\"completion\":\"" + completion + "\",\"label\":" + (i % 2 == 0) + "}";
                        default -> prompt + "\"completion\":\"" + completion + "\"}";
                    });
        }
        return Files.write(folder.resolve(method + ".jsonl"), lines).toString();
    }
}
