package candor.bench;

import candor.BadInput;
import candor.model.ModelConfig;
import java.util.ArrayList;
import java.util.List;

/** A frozen layer's product, (rows, inner) · (outer, inner)ᵀ, at the shape of a model. */
record Product(String shape, String layer, int rows, int inner, int outer) {
    private static final String ALL = "all";
    private static final List<String> LAYERS = List.of("query", "gate", "down", "head");

    /**
     * One for each layer of each shape, in the order asked for.
     *
     * @param shapes names with commas
     * @param layers names with commas, or "all"
     */
    static List<Product> of(String shapes, String layers, int rows) {
        List<Product> products = new ArrayList<>();
        for (String shape : shapes.split(",")) {
            ModelConfig model = Shapes.named(shape);
            for (String layer : layers.equals(ALL) ? LAYERS : List.of(layers.split(","))) {
                products.add(of(shape, model, layer, rows));
            }
        }
        return products;
    }

    private static Product of(String shape, ModelConfig model, String layer, int rows) {
        int hidden = model.hiddenSize();
        return switch (layer) {
            case "query" ->
                new Product(shape, layer, rows, hidden, model.heads().queryCols());
            case "gate" -> new Product(shape, layer, rows, hidden, model.intermediateSize());
            case "down" -> new Product(shape, layer, rows, model.intermediateSize(), hidden);
            case "head" -> new Product(shape, layer, rows, hidden, model.vocabSize());
            default ->
                throw new BadInput("layer " + layer + ": not one of " + String.join(", ", LAYERS) + ", or " + ALL);
        };
    }

    /** Of one call: a multiplication and an addition for each element of each sum. */
    double flops() {
        return 2.0 * rows * inner * outer;
    }

    String size() {
        return rows + " × " + inner + " × " + outer;
    }
}
