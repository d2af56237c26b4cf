package candor.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** A safetensors file read from the format's description, with none of the engine's code: header length, JSON, data. */
record Safe(JsonNode header, Map<String, float[]> tensors) {
    static Safe read(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int length = Math.toIntExact(bytes.getLong());
        JsonNode header = new ObjectMapper().readTree(new String(bytes.array(), 8, length, StandardCharsets.UTF_8));
        Map<String, float[]> tensors = new TreeMap<>();
        header.properties().forEach(entry -> {
            if (!entry.getKey().equals("__metadata__")) {
                int start = entry.getValue().get("data_offsets").get(0).asInt();
                int end = entry.getValue().get("data_offsets").get(1).asInt();
                float[] values = new float[(end - start) / 4];
                bytes.slice(8 + length + start, end - start)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .asFloatBuffer()
                        .get(values);
                tensors.put(entry.getKey(), values);
            }
        });
        return new Safe(header, tensors);
    }

    static Safe adapter(Path folder) throws IOException {
        return read(folder.resolve("adapter_model.safetensors"));
    }

    /** ‖this − other‖ / ‖other − start‖, over all tensors (Frobenius). */
    double distance(Safe other, Safe start) {
        return Math.sqrt(squares(other) / other.squares(start));
    }

    /** ‖this − other‖ / ‖other‖. */
    double distance(Safe other) {
        double norm = 0;
        for (float[] values : other.tensors.values()) {
            for (float value : values) {
                norm += (double) value * value;
            }
        }
        return Math.sqrt(squares(other) / norm);
    }

    private double squares(Safe other) {
        double sum = 0;
        for (Map.Entry<String, float[]> entry : tensors.entrySet()) {
            float[] theirs = other.tensors.get(entry.getKey());
            for (int i = 0; i < theirs.length; i++) {
                double difference = entry.getValue()[i] - theirs[i];
                sum += difference * difference;
            }
        }
        return sum;
    }
}
