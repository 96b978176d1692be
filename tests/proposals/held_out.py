"""Labelled answers that were written after the proposers and did not shape them before they were first measured."""

# ruff: noqa: E501 (answers are typed as students type them)

HELD_OUT: list[tuple[str, str, dict[str, float]]] = [
    (
        "1a",
        "First the picture must be brought to the size that ResNet expects, which is 224x224 pixels. ToTensor() gives values in 0..1. Then I use the ImageNet normalization constants. Finally img.unsqueeze(0) to get a mini-batch of size one.",
        {"1a.size": 1, "1a.normalize": 0.5, "1a.tensor": 0.5},
    ),
    (
        "1a",
        "Bild laden, auf 224 Pixel skalieren und mittig zuschneiden, als Tensor C×H×W, Normalisierung (x − µ)/σ mit den ImageNet-Werten nach Division durch 255; Dimension für den Stapel",
        {"1a.size": 1, "1a.normalize": 0.5, "1a.tensor": 0.5},
    ),
    ("1a", "convert PIL image into numpy array and divide by 255", {"1a.size": 0, "1a.tensor": 0}),
    (
        "1b",
        "z_o = Σ_{q} w_{oq} (1/(KM)) Σ_{k,m} a_{qkm}\n∂z_o/∂a_{qkm} = (1/(KM)) w_{oq}\nα^o_q = (1/(KM)) w_{oq}",
        {"1b.logit": 1, "1b.derivative": 2, "1b.weight": 1},
    ),
    (
        "1b",
        "The logit is z_o = b_o + sum_q w_oq * f_q with f_q = (1/(K*M)) sum_k sum_m a_qkm. So dz_o / da_qkm = w_oq / (K*M) and alpha_q^o = w_oq / (K*M).",
        {"1b.logit": 1, "1b.derivative": 2, "1b.weight": 1},
    ),
    ("1b", "∂z/∂a = w", {"1b.derivative": 0}),
    (
        "1b",
        "Mit der Kettenregel: ∂z_o/∂a_qkm = ∂z_o/∂f_q · ∂f_q/∂a_qkm = w_oq · 1/(K·M) = w_oq/(KM)",
        {"1b.derivative": 2, "1b.logit": 0},
    ),
    ("1b", "alpha = mean of gradient = w_oq", {"1b.weight": 0}),
    (
        "1b",
        "z_o = Σ_q w_oq 1/(KM) Σ_km a_qkm. The gradient is 0 for all other q. ∂z_o/∂a_qkm = w_oq/(K+M)",
        {"1b.logit": 1, "1b.derivative": 0},
    ),
    (
        "2a",
        "W1 : [K x D], W_r : [K x K], W2 : [1 x K]; activation tanh (squashes into [-1,1], so no explosion)",
        {"2a.w1": 0.5, "2a.wr": 0.5, "2a.w2": 0.5, "2a.activation": 0.5},
    ),
    (
        "2a",
        "Eingabe: W1 hat die Grösse K × 27; Wr hat die Grösse K × K; W2 hat die Grösse 1 × K, Aktivierungsfunktion Tangens hyperbolicus, da der Wertebereich begrenzt ist",
        {"2a.w1": 0.5, "2a.wr": 0.5, "2a.w2": 0.5, "2a.activation": 0.5},
    ),
    (
        "2a",
        "W1 is a 100x27 matrix, Wr is a 100x100 matrix and W2 a 1x100 matrix. I take ReLU.",
        {"2a.w1": 0.5, "2a.wr": 0.5, "2a.w2": 0.5, "2a.activation": 0},
    ),
    ("2a", "W1: KxD\nWr: KxD\nW2: KxO", {"2a.w1": 0.5, "2a.wr": 0, "2a.activation": 0}),
    (
        "2b",
        "I only look at the prediction for the last letter of the name; if the logit is positive it's a boy. nn.BCEWithLogitsLoss",
        {"2b.sequence": 1, "2b.decision": 1, "2b.loss": 1},
    ),
    (
        "2b",
        "Es wird das letzte Element der Sequenz benutzt. Ist die Sigmoid-Ausgabe grösser als 0.5, so ist der Name männlich. Verlust: binary cross entropy",
        {"2b.sequence": 1, "2b.decision": 1, "2b.loss": 1},
    ),
    ("2b", "Majority vote over all letters with cross entropy over two classes", {"2b.sequence": 0, "2b.loss": 1}),
    (
        "2b",
        "two outputs, softmax, take the larger of the two, cross-entropy loss, last hidden state",
        {"2b.sequence": 1, "2b.decision": 1, "2b.loss": 1},
    ),
    ("2b", "The first output of the sequence, threshold 0.5, L1 loss", {"2b.sequence": 0, "2b.loss": 0}),
    (
        "2g",
        "Instead of an Elman network one could use an LSTM or a transformer based model.",
        {"2g.first": 1, "2g.second": 1},
    ),
    (
        "2g",
        "GRU, which has gates; bidirectional RNN, which reads the name from both ends",
        {"2g.first": 1, "2g.second": 1},
    ),
    ("2g", "A plain MLP on the padded name, n-gram features with logistic regression", {"2g.second": 0}),
    ("2g", "Convolutional network over the characters. Attention based network.", {"2g.first": 1, "2g.second": 1}),
    (
        "3a",
        "After conv1 32x32x28, pool 32x16x14, conv2 64x16x10, pool 64x8x5, conv3 128x8x1. W is 10x1024.",
        {"3a.computation": 1, "3a.map": 1, "3a.fc": 1},
    ),
    (
        "3a",
        "Feature map: 128 channels of size 8×1, i.e. 1024 values. Fully connected: 1024 to 10.",
        {"3a.map": 1, "3a.fc": 1},
    ),
    ("3a", "The feature map is 128 x 5 x 5, FC: 3200 x 10", {"3a.map": 0, "3a.fc": 1}),
    ("3a", "final map 128 x 8 x 1. FC layer: 10 x 512", {"3a.map": 1, "3a.fc": 0}),
    (
        "3a",
        "Jede Faltung verkleinert die Breite um 4 Pixel. Am Ende 128*8*1, daher 10*1024 Gewichte",
        {"3a.computation": 1, "3a.map": 1, "3a.fc": 1},
    ),
    (
        "3b",
        "1. Dropout: in every iteration each neuron is deactivated with a probability p. 2. Adding noise to the images. 3. Penalty on the squared weights (weight decay).",
        {"3b.first": 1, "3b.second": 1, "3b.third": 1, "3b.explanation": 1},
    ),
    (
        "3b",
        "Regularisierung durch L2, Dropout sowie Batch-Normalisierung",
        {"3b.first": 1, "3b.second": 1, "3b.third": 1, "3b.explanation": 0},
    ),
    ("3b", "We can use less epochs, smaller learning rate, SGD", {"3b.second": 0, "3b.third": 0, "3b.explanation": 0}),
    (
        "3b",
        "Data augmentation such as random rotation and shifting creates more diverse training samples, early stopping, dropout",
        {"3b.first": 1, "3b.second": 1, "3b.third": 1, "3b.explanation": 1},
    ),
    (
        "3f",
        "Use a pretrained ResNet-50, train on more data (extra split), and try different learning rates.",
        {"3f.first": 1, "3f.second": 1, "3f.third": 1},
    ),
    (
        "3f",
        "Das Netz vergrössern, länger trainieren, Hyperparameter optimieren",
        {"3f.first": 1, "3f.second": 1, "3f.third": 1},
    ),
    (
        "3f",
        "Ensemble of several networks. Residual blocks. Cosine learning rate schedule with AdamW.",
        {"3f.first": 1, "3f.second": 1, "3f.third": 1},
    ),
    (
        "3g",
        "Since softmax always sums to 1 the network will output some digit and may be overconfident. To solve it, we can include negative images in training and use the entropic open-set loss, so that the probabilities are uniform for them, then threshold the maximum.",
        {"3g.reaction": 1, "3g.method": 1},
    ),
    (
        "3g",
        "Das Netz wird mit hoher Wahrscheinlichkeit irgendeine Ziffer nennen. Lösung: weitere Klasse.",
        {"3g.reaction": 1},
    ),
    ("3g", "It crashes.", {"3g.reaction": 0, "3g.method": 0}),
    ("3g", "The output is random but the confidence is not high, so we see that it is unknown.", {"3g.reaction": 0}),
]
