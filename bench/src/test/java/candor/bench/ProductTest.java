package candor.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import org.junit.jupiter.api.Test;

/** Which products MatmulComparison measures. */
class ProductTest {
    @Test
    void allLayersOfEachShapeInOrder() {
        assertThat(Product.of("tiny,llama-3.1-8b", "all", 16))
                .extracting(product -> product.shape() + " " + product.layer() + " " + product.size())
                .containsExactly(
                        "tiny query 16 × 256 × 256",
                        "tiny gate 16 × 256 × 688",
                        "tiny down 16 × 688 × 256",
                        "tiny head 16 × 256 × 2048",
                        "llama-3.1-8b query 16 × 4096 × 4096",
                        "llama-3.1-8b gate 16 × 4096 × 14336",
                        "llama-3.1-8b down 16 × 14336 × 4096",
                        "llama-3.1-8b head 16 × 4096 × 128256");
    }

    @Test
    void someLayersAsAsked() {
        assertThat(Product.of("small", "down,query", 1))
                .extracting(Product::layer)
                .containsExactly("down", "query");
    }

    /** More than an int holds. */
    @Test
    void aHeadsWork() {
        assertThat(Product.of("llama-3.1-8b", "head", 128).getFirst().flops()).isEqualTo(2.0 * 128 * 4096 * 128_256);
    }

    @Test
    void namesThatAreNone() {
        assertThatThrownBy(() -> Product.of("tiny", "gate,up", 1))
                .isInstanceOf(BadInput.class)
                .hasMessage("layer up: not one of query, gate, down, head, or all");
        assertThatThrownBy(() -> Product.of("tiny,huge", "gate", 1))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("shape huge: not one of world, tiny");
    }
}
