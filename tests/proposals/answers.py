"""Labelled answers to the course's text questions: in many notations, right and wrong, English and German.

A label is what a marker gives each criterion by the marking scheme; criteria that are not labelled are left to taste.
"""

# ruff: noqa: E501 (answers are typed as students type them)

FULL_1B = {"1b.logit": 1, "1b.derivative": 2, "1b.weight": 1}
LABELLED: list[tuple[str, str, dict[str, float]]] = [
    # 1a
    (
        "1a",
        "Rescale the picture to 224 x 224, turn it into a float tensor in [0,1], subtract the mean (0.485, 0.456, 0.406) and divide by the std, then unsqueeze(0).",
        {"1a.size": 1, "1a.normalize": 0.5, "1a.tensor": 0.5},
    ),
    (
        "1a",
        "transforms.Resize((224, 224)), transforms.ToTensor(), transforms.Normalize(mean=[0.485, ...], std=[0.229, ...]), img[None]",
        {"1a.size": 1, "1a.normalize": 0.5},
    ),
    (
        "1a",
        "Zuschneiden auf 224×224, Werte zwischen 0 und 1, Normalisierung mit dem Mittelwert und der Standardabweichung, Form 1×3×224×224",
        {"1a.size": 1, "1a.normalize": 0.5, "1a.tensor": 0.5},
    ),
    ("1a", "I convert it to gray scale.", {"1a.size": 0, "1a.normalize": 0, "1a.tensor": 0}),
    ("1a", "The image is resized to 256 pixels and flipped.", {"1a.size": 0, "1a.normalize": 0, "1a.tensor": 0}),
    (
        "1a",
        "crop to 224 by 224, divide by 255, normalise using ImageNet statistics and make a batch of one image",
        {"1a.size": 1, "1a.normalize": 0.5, "1a.tensor": 0.5},
    ),
    ("1a", "Die Bilder müssen nicht skaliert werden.", {"1a.size": 0, "1a.tensor": 0}),
    # 1b
    ("1b", "z_o = Σ_q w_oq · 1/(KM) Σ_k Σ_m a_qkm; ∂z_o/∂a_qkm = w_oq/(KM); α_q^o = w_oq/(KM)", FULL_1B),
    (
        "1b",
        r"$z_o = \sum_q w_{oq} \frac{1}{KM} \sum_{k,m} a_{qkm} + b_o$"
        "\n"
        r"$\frac{\partial z_o}{\partial a_{qkm}} = \frac{w_{oq}}{KM}$"
        "\n"
        r"$\alpha_q^o = \frac{w_{oq}}{KM}$",
        FULL_1B,
    ),
    (
        "1b",
        r"z_o = \sum_{q=1}^{Q} w_{o,q} \frac{1}{K M} \sum_{k=1}^{K} \sum_{m=1}^{M} a_{q,k,m}, dz_o/da_{q,k,m} = w_{o,q} / (K*M), \alpha_q^o = w_{o,q} / (K*M)",
        FULL_1B,
    ),
    ("1b", "z_o = sum_q w_oq * (1/(K*M)) * sum_km a_qkm\ndz_o/da_qkm = w_oq * 1/(K*M)\nalpha_qo = w_oq/(K*M)", FULL_1B),
    ("1b", "z_o = Σ_q w_oq/(KM) Σ_km a_qkm, thus ∂z_o/∂a_qkm = 1/(KM) w_oq, and α_q = (1/K)(1/M) w_oq", FULL_1B),
    (
        "1b",
        "f_q = 1/(KM) Σ_km a_qkm, z_o = Σ_q w_oq f_q. Then ∂z_o/∂a_qkm = ∂z_o/∂f_q · ∂f_q/∂a_qkm = w_oq · 1/(KM). α = w_oq/KM",
        FULL_1B,
    ),
    (
        "1b",
        "Das Logit lautet z_o = Σ_q w_oq · (1/(K·M)) · Σ_k Σ_m a_qkm + b_o, daher ist ∂z_o/∂a_qkm = w_oq/(K·M), also α_q^o = w_oq/(K·M).",
        FULL_1B,
    ),
    ("1b", "∂z_o/∂a_qkm = w_oq", {"1b.derivative": 0, "1b.logit": 0, "1b.weight": 0}),
    ("1b", "∂z_o/∂a_qkm = w_oq·K·M and α = w_oq K M", {"1b.derivative": 0, "1b.weight": 0, "1b.logit": 0}),
    ("1b", "z_o = Σ_q w_oq Σ_km a_qkm, ∂z_o/∂a_qkm = w_oq", {"1b.logit": 0, "1b.derivative": 0}),
    ("1b", "∂z_o/∂a_qkm = w_oq/K", {"1b.derivative": 0}),
    (
        "1b",
        "z_o = Σ_q w_oq · 1/(KM) Σ_km a_qkm − b_o·b_o, dz_o/da_qkm = w_oq/(KM)",
        {"1b.logit": 0, "1b.derivative": 2},
    ),
    ("1b", "The derivative is w_oq / (K M). The weight is w_oq / (K M).", {"1b.derivative": 2, "1b.weight": 1}),
    ("1b", "Die Ableitung ist w_oq/(KM)", {"1b.derivative": 2}),
    ("1b", "∂z_o/∂a_qkm = (w_oq)/(K M) = w[o,q] / (K·M)", {"1b.derivative": 2}),
    ("1b", "∂z_o/∂a_qkm = w_oq / K / M", {"1b.derivative": 2}),
    ("1b", "∂z_o/∂a_qkm = 2·w_oq/(2·K·M)", {"1b.derivative": 2}),
    ("1b", "I do not know", {"1b.logit": 0, "1b.derivative": 0, "1b.weight": 0, "1b.steps": 0}),
    ("1b", "∂z_o/∂a_qkm = __import__('os').system('true')", {"1b.derivative": 0}),
    ("1b", "α_q^o = Σ_k Σ_m ∂z_o/∂a_qkm = w_oq", {"1b.weight": 0}),
    # 2a
    (
        "2a",
        "W_1 has shape (K, D), W_r has shape (K, K), W_2 has shape (1, K). tanh since its values stay within [-1, 1].",
        {"2a.w1": 0.5, "2a.wr": 0.5, "2a.w2": 0.5, "2a.activation": 0.5},
    ),
    (
        "2a",
        r"$W_1 \in \mathbb{R}^{K \times D}$, $W_r \in \mathbb{R}^{K \times K}$, $W_2 \in \mathbb{R}^{1 \times K}$, tanh because it is bounded",
        {"2a.w1": 0.5, "2a.wr": 0.5, "2a.w2": 0.5, "2a.activation": 0.5},
    ),
    (
        "2a",
        "W1=K*27, Wr=K*K, W2=2*K, sigmoid as it is bounded between 0 and 1",
        {"2a.w1": 0.5, "2a.wr": 0.5, "2a.w2": 0.5, "2a.activation": 0.5},
    ),
    (
        "2a",
        "Kx27; KxK; 1xK; tanh, damit die Werte nicht explodieren",
        {"2a.w1": 0.5, "2a.wr": 0.5, "2a.w2": 0.5, "2a.activation": 0.5},
    ),
    ("2a", "W₁: K×D, Wᵣ: K×K, W₂: O×K", {"2a.w1": 0.5, "2a.w2": 0.5}),
    ("2a", "W1 is K×K, Wr is K×D, W2 is 1×K, ReLU", {"2a.w1": 0, "2a.wr": 0, "2a.w2": 0.5, "2a.activation": 0}),
    (
        "2a",
        "W1: K x D, Wr: D x D, W2: 1 x D, relu because it is fast",
        {"2a.w1": 0.5, "2a.wr": 0, "2a.w2": 0, "2a.activation": 0},
    ),
    (
        "2a",
        "Die erste Matrix ist K mal D, die rekurrente Matrix K mal K, die zweite Matrix 1 mal K. Tanh, weil sie beschränkt ist.",
        {"2a.w1": 0.5, "2a.wr": 0.5, "2a.w2": 0.5, "2a.activation": 0.5},
    ),
    ("2a", "K-by-D for W1, K-by-K for Wr and 1-by-K for W2", {"2a.w1": 0.5, "2a.wr": 0.5, "2a.w2": 0.5}),
    ("2a", "tanh", {"2a.w1": 0, "2a.wr": 0, "2a.w2": 0, "2a.activation": 0}),
    ("2a", "Not ReLU, because it is unbounded; tanh stays within -1 and 1.", {"2a.activation": 0.5}),
    # 2b
    (
        "2b",
        "We use the hidden state of the last character, decide by sigmoid(z) > 0.5 and train with BCE.",
        {"2b.sequence": 1, "2b.decision": 1, "2b.loss": 1},
    ),
    (
        "2b",
        "Der Logit des letzten Zeichens; das Vorzeichen entscheidet; binäre Kreuzentropie.",
        {"2b.sequence": 1, "2b.decision": 1, "2b.loss": 1},
    ),
    (
        "2b",
        "Output of the final time step, argmax over the two outputs, categorical cross-entropy",
        {"2b.sequence": 1, "2b.decision": 1, "2b.loss": 1},
    ),
    ("2b", "The average of all outputs, MSE loss", {"2b.sequence": 0, "2b.loss": 0}),
    (
        "2b",
        "Durchschnitt über alle Ausgaben, größer als 0.5, mean squared error",
        {"2b.sequence": 0, "2b.decision": 1, "2b.loss": 0},
    ),
    ("2b", "Cross-entropy.", {"2b.sequence": 0, "2b.decision": 0}),
    ("2b", "The last output, male if z ≥ 0, BCEWithLogitsLoss", {"2b.sequence": 1, "2b.decision": 1, "2b.loss": 1}),
    ("2b", "not the last output but the mean over all outputs is used", {"2b.sequence": 0}),
    (
        "2b",
        "am Ende der Sequenz, Wahrscheinlichkeit über 0,5, Binary Cross Entropy",
        {"2b.sequence": 1, "2b.decision": 1, "2b.loss": 1},
    ),
    # 2g
    ("2g", "A GRU network and self-attention", {"2g.first": 1, "2g.second": 1}),
    ("2g", "Long short-term memory; 1D-CNN", {"2g.first": 1, "2g.second": 1}),
    ("2g", "Ein Transformer und eine eindimensionale Faltung", {"2g.first": 1, "2g.second": 1}),
    ("2g", "stacked Elman layers, temporal convolutional network", {"2g.first": 1, "2g.second": 1}),
    ("2g", "LSTM", {"2g.first": 1, "2g.second": 0}),
    ("2g", "use a larger batch", {"2g.first": 0, "2g.second": 0}),
    ("2g", "No LSTM, but a Transformer.", {"2g.first": 1, "2g.second": 0}),
    # 3a
    ("3a", "The map is (128, 8, 1), the layer is Linear(1024, 10).", {"3a.map": 1, "3a.fc": 1}),
    (
        "3a",
        "H_out = H + 2p - k + 1, W_out = W - k + 1: 32x32x28, 32x16x14, 64x16x10, 64x8x5, 128x8x1, fc 10*1024",
        {"3a.computation": 1, "3a.map": 1, "3a.fc": 1},
    ),
    ("3a", r"$128 \times 8 \times 1$ and $10 \times 1024$", {"3a.map": 1, "3a.fc": 1}),
    (
        "3a",
        "Die Breite verringert sich je Faltung um 4: 28, 14, 10, 5, 1. Karte: 128 x 8 x 1. FC: 1024 → 10",
        {"3a.computation": 1, "3a.map": 1, "3a.fc": 1},
    ),
    ("3a", "128×4×4, so the layer has 10×2048", {"3a.map": 0, "3a.fc": 1}),
    ("3a", "128x8x8 -> fully connected 8192 x 10", {"3a.map": 0, "3a.fc": 1}),
    ("3a", "The last map is 128x8x8, so the fully connected layer is 10x1024.", {"3a.map": 0, "3a.fc": 1}),
    ("3a", "The map is 128×8×1 and the last layer 10×128", {"3a.map": 1, "3a.fc": 0}),
    ("3a", "128x8x1, FC layer with 1024 inputs and 10 outputs", {"3a.map": 1, "3a.fc": 1}),
    ("3a", "jede Faltung halbiert das Bild, also 128×4×4 und 10×2048", {"3a.map": 0, "3a.fc": 1, "3a.computation": 0}),
    ("3a", "B×128×8×1", {"3a.map": 1}),
    ("3a", "no idea", {"3a.computation": 0, "3a.map": 0, "3a.fc": 0}),
    # 3b
    (
        "3b",
        "L2 regularization, drop-out and early stopping. In drop-out, random neurons are switched off with probability p in each training step.",
        {"3b.first": 1, "3b.second": 1, "3b.third": 1, "3b.explanation": 1},
    ),
    (
        "3b",
        "Dropout; Datenaugmentation; frühzeitiges Stoppen",
        {"3b.first": 1, "3b.second": 1, "3b.third": 1, "3b.explanation": 0},
    ),
    ("3b", "weight decay, L2", {"3b.first": 1, "3b.second": 0, "3b.third": 0, "3b.explanation": 0}),
    (
        "3b",
        "Batch normalisation, label smoothing, ensembles",
        {"3b.first": 1, "3b.second": 1, "3b.third": 1, "3b.explanation": 0},
    ),
    (
        "3b",
        "Dropout. Weight decay. Augmentation. Augmentation helps a lot against overfitting in many cases and is easy to use in practice.",
        {"3b.first": 1, "3b.second": 1, "3b.third": 1, "3b.explanation": 0},
    ),
    (
        "3b",
        "Early stopping: the accuracy on the validation set is watched and training ends when it does not grow any more. Dropout. Weight decay.",
        {"3b.first": 1, "3b.second": 1, "3b.third": 1, "3b.explanation": 1},
    ),
    ("3b", "ReLU, pooling and more layers", {"3b.first": 0, "3b.second": 0, "3b.third": 0, "3b.explanation": 0}),
    # 3f
    (
        "3f",
        "Fine-tune a pre-trained network, use the extra training images, tune the learning rate.",
        {"3f.first": 1, "3f.second": 1, "3f.third": 1},
    ),
    ("3f", "mehr Schichten; mehr Trainingsdaten; ein Ensemble", {"3f.first": 1, "3f.second": 1, "3f.third": 1}),
    ("3f", "ResNet, Adam optimizer, train for more epochs", {"3f.first": 1, "3f.second": 1, "3f.third": 1}),
    ("3f", "longer training", {"3f.first": 1, "3f.second": 0, "3f.third": 0}),
    ("3f", "pray", {"3f.first": 0, "3f.second": 0, "3f.third": 0}),
    # 3g
    (
        "3g",
        "The network is very confident in one of the digits. One could add an eleventh class for background and train it with negative samples.",
        {"3g.reaction": 1, "3g.method": 1},
    ),
    (
        "3g",
        "Mit grosser Wahrscheinlichkeit wird eine Ziffer vorhergesagt. Man verwirft ein Bild, wenn die maximale Softmax-Wahrscheinlichkeit unter einem Schwellwert liegt.",
        {"3g.reaction": 1, "3g.method": 1},
    ),
    ("3g", "It predicts low probabilities for all digits.", {"3g.reaction": 0, "3g.method": 0}),
    ("3g", "It will not be confident in any digit.", {"3g.reaction": 0, "3g.method": 0}),
    ("3g", "High softmax score for a known class", {"3g.reaction": 1, "3g.method": 0}),
]
