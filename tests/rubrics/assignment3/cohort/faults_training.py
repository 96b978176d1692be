"""Faults of question 3e in the cohort's trainings."""

from __future__ import annotations

from tests.rubrics.assignment3.cohort.faults import HALF, LOOP, THIRD, Fault, cost

_SECOND_ACCURACY = """
    correct, total = 0, 0
    net.eval()
    with torch.no_grad():
        for data in TEST:
            images, labels = data[0].to(device), data[1].to(device)
            outputs = net(images)
            _, predicted = torch.max(outputs.data, 1)
            total += labels.size(0)
            correct += (predicted == labels).sum().item()
    print(f'Epoch {epoch + 1}: loss {running_loss / len(TRAIN):.3f}, test accuracy {100 * correct / total:.1f} %')
"""

TRAINING_FAULTS = [
    # loss
    Fault("mean squared error", "3e", "top level", {"nn.LOSS()": "nn.MSELoss()", "criterion(outputs, labels)": "criterion(outputs, nn.functional.one_hot(labels, 10).float())"}, cost("3e.loss")),
    Fault("mean squared error", "3e", "German", {"nn.LOSS()": "nn.MSELoss()", "fehlerfunktion(netz(bilder), ziffern)": "fehlerfunktion(netz(bilder), torch.eye(10, device=geraet)[ziffern])"}, cost("3e.loss")),
    Fault("NLL of logits", "3e", "functions", {"F.FLOSS(": "F.nll_loss("}, cost("3e.loss"), needs="logits"),
    Fault("NLL of logits", "3e", "trainer class", {"nn.LOSS()": "nn.NLLLoss()"}, cost("3e.loss"), needs="logits"),
    Fault("softmax before cross-entropy", "3e", "main", {"loss_function(prediction, targets)": "loss_function(torch.softmax(prediction, 1), targets)"}, cost("3e.loss"), needs="logits"),
    Fault("softmax before cross-entropy", "3e", "penalty", {"F.FLOSS(model(x), y)": "F.FLOSS(F.softmax(model(x), dim=1), y)"}, cost("3e.loss"), needs="logits"),
    Fault("binary cross-entropy", "3e", "numpy", {"torch.nn.LOSS(reduction='mean')": "torch.nn.BCEWithLogitsLoss()", "objective(network(X.to(device)), Y.to(device))": "objective(network(X.to(device)), torch.nn.functional.one_hot(Y, 10).float().to(device))"}, cost("3e.loss")),
    Fault("hinge", "3e", "accelerator", {"torch.nn.LOSS()": "torch.nn.MultiMarginLoss()"}, cost("3e.loss")),
    Fault("log-softmax by hand, wrong sign", "3e", "summary at the end", {"l = c(y, b)": "l = y.log_softmax(1)[range(len(b)), b].mean()"}, cost("3e.loss"), needs="logits"),
    # optimizer
    Fault("optimizer of another network", "3e", "top level", {"optim.SGD(net.parameters()": "optim.SGD(NET.to(device).parameters()"}, cost("3e.optimizer")),
    Fault("optimizer of another network", "3e", "main", {"optim.RMSprop(model.parameters()": "optim.RMSprop(NET.cuda().parameters()"}, cost("3e.optimizer")),
    Fault("optimizer of the last layer", "3e", "summary at the end", {"Adamax(m.parameters()": "Adamax(list(m.parameters())[-1:]"}, cost("3e.optimizer")),
    Fault("optimizer of the last layer", "3e", "numpy", {"params=network.parameters()": "params=list(network.parameters())[-2:]"}, cost("3e.optimizer")),
    # epochs
    Fault("5 epochs", "3e", "top level", {"range(10)": "range(5)"}, cost("3e.epochs")),
    Fault("9 epochs", "3e", "functions", {"range(1, 11)": "range(1, 10)"}, cost("3e.epochs")),
    Fault("20 epochs", "3e", "trainer class", {"epochs=10": "epochs=20"}, cost("3e.epochs")),
    Fault("one epoch", "3e", "German", {"anzahl_epochen = 10": "anzahl_epochen = 1"}, cost("3e.epochs")),
    Fault("3 epochs", "3e", "while and next", {"epoch < 10": "epoch < 3"}, cost("3e.epochs")),
    # GPU
    Fault("no GPU", "3e", "top level", {'torch.device("cuda" if torch.cuda.is_available() else "cpu")': "torch.device('cpu')"}, cost("3e.gpu")),
    Fault("no GPU", "3e", "numpy", {"network.to(device)\n": "", "X.to(device)": "X", "Y.to(device)": "Y", "device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')\n": ""}, cost("3e.gpu")),
    Fault("no GPU", "3e", "main", {".cuda()": "", "    assert torch.cuda.is_available(), 'please use a GPU'\n": ""}, cost("3e.gpu")),
    Fault("batches stay", "3e", "functions", {"xb, yb = xb.to(device, non_blocking=True), yb.to(device, non_blocking=True)": "pass"}, cost("3e.gpu")),
    Fault("network stays", "3e", "German", {"NET.to(geraet)": "NET"}, cost("3e.gpu")),
    Fault("device never used", "3e", "data frame and curves", {"NET.to(device)": "NET", "img, lbl = img.to(device), lbl.to(device)": "pass", "img.to(device)": "img"}, cost("3e.gpu")),
    # loop
    Fault("never zeroed", "3e", "top level", {"        optimizer.zero_grad()\n": ""}, {"3e.loop": LOOP}),
    Fault("never zeroed", "3e", "trainer class", {"        self.opt.zero_grad()\n": ""}, {"3e.loop": LOOP}),
    Fault("never zeroed", "3e", "mixed precision", {"        optim.zero_grad()\n": ""}, {"3e.loop": LOOP}),
    Fault("zeroed once an epoch", "3e", "main", {"            optimizer.zero_grad()\n": "", "        epoch_loss = 0\n": "        epoch_loss = 0\n        optimizer.zero_grad()\n"}, {"3e.loop": LOOP}),
    Fault("zeroed before the step", "3e", "functions", {"        optimizer.zero_grad(set_to_none=True)\n        loss.backward()\n": "        loss.backward()\n        optimizer.zero_grad()\n"}, {"3e.loop": LOOP}),
    Fault("zeroed before the step", "3e", "tuple of both", {"                optimizer.zero_grad()\n                loss.backward()\n": "                loss.backward()\n                optimizer.zero_grad()\n"}, {"3e.loop": LOOP}),
    Fault("no step", "3e", "German", {"        optimierer.step()\n": ""}, {"3e.loop": LOOP}),
    Fault("no step", "3e", "accelerator", {"        optimizer.step()\n": ""}, {"3e.loop": LOOP}),
    Fault("step not called", "3e", "several networks", {"optimizer.step()": "optimizer.step"}, {"3e.loop": LOOP}),
    Fault("step once an epoch", "3e", "summary at the end", {"        o.step()\n": "", "    train_loss_per_epoch +=": "    o.step()\n    train_loss_per_epoch +="}, {"3e.loop": LOOP}),
    Fault("no back-propagation", "3e", "penalty", {"        (data_loss + lam * l2).backward()\n": ""}, {"3e.loop": LOOP}),
    Fault("no back-propagation", "3e", "numpy", {"        J.backward()\n": ""}, {"3e.loop": LOOP}),
    Fault("neither zeroed nor stepped", "3e", "while and next", {"        opt.zero_grad()\n": "", "        opt.step()\n": ""}, {"3e.loop": THIRD}),
    Fault("nothing of the three", "3e", "progress of batches", {"        optimizer.zero_grad()\n        loss.backward()\n        optimizer.step()\n": ""}, cost("3e.loop")),
    # average training loss
    Fault("loss of the last batch", "3e", "functions", {"return total_loss / n": "return loss.item()"}, cost("3e.train-loss")),
    Fault("loss of the last batch", "3e", "top level", {"{running_loss / len(TRAIN):.3f}": "{loss.item():.3f}"}, cost("3e.train-loss")),
    Fault("sum of the losses", "3e", "German", {"summe / len(TRAIN)": "summe"}, cost("3e.train-loss")),
    Fault("sum of the losses", "3e", "data frame and curves", {"sum(losses) / len(losses)": "sum(losses)"}, cost("3e.train-loss")),
    Fault("means divided by the samples", "3e", "main", {"epoch_loss /= len(TRAIN)": "epoch_loss /= len(TRAIN.dataset)"}, cost("3e.train-loss")),
    Fault("means divided by the samples", "3e", "functions", {" * xb.size(0)": ""}, cost("3e.train-loss")),
    Fault("samples divided by the batches", "3e", "accelerator", {"hist.append((meter / count, acc))": "hist.append((meter / len(TRAIN), acc))", "epoch + 1, meter / count, acc": "epoch + 1, meter / len(TRAIN), acc"}, cost("3e.train-loss")),
    Fault("loss never reset", "3e", "top level", {"    running_loss = 0.0\n": "", "for epoch in range(10):": "running_loss = 0.0\nfor epoch in range(10):"}, cost("3e.train-loss")),
    Fault("loss never reset", "3e", "summary at the end", {"    ls = []\n": "", "for _ in range(10):": "ls = []\nfor _ in range(10):"}, cost("3e.train-loss")),
    Fault("no average loss", "3e", "main", {"'- average training loss:', epoch_loss, ": "", "        epoch_loss /= len(TRAIN)\n": "", "            epoch_loss += loss.item()\n": "", "        epoch_loss = 0\n": ""}, cost("3e.train-loss")),
    Fault("no average loss", "3e", "progress of batches", {"        epoch_loss.append(loss.item())\n": "", "    loss_list.append(sum(epoch_loss) / len(epoch_loss))\n": "", "    print('Mean loss of epoch {}: {:.4f}'.format(epoch + 1, loss_list[-1]))\n": ""}, cost("3e.train-loss")),
    Fault("test loss as training loss", "3e", "tuple of both", {"train {tr_loss:.4f} / {tr_acc:.3f} | test {te_loss:.4f} / {te_acc:.3f}": "loss {te_loss:.4f} accuracy {te_acc:.3f}", "    tr_loss, tr_acc = run_epoch(net, TRAIN, criterion, optimizer)\n": "    run_epoch(net, TRAIN, criterion, optimizer)\n", "    return loss_total / seen, correct / seen": "    return (loss_total / seen, correct / seen) if not training else None"}, cost("3e.train-loss")),
    # test accuracy
    Fault("no test accuracy", "3e", "trainer class", {"            self.test_accs.append(self.test())\n": "", " acc={self.test_accs[-1]:.2%}": ""}, cost("3e.test-accuracy")),
    Fault("no test accuracy", "3e", "German", {", Testgenauigkeit = {genauigkeit(netz, TEST):.2f} %": ""}, cost("3e.test-accuracy")),
    Fault("accuracy once at the end", "3e", "functions", {"    history['acc'].append(evaluate(model, TEST))\n    print('epoch %2d  train loss %.4f  test acc %.4f' % (epoch, history['loss'][-1], history['acc'][-1]))\n": "    print('epoch %2d  train loss %.4f' % (epoch, history['loss'][-1]))\nprint('test accuracy: %.4f' % evaluate(model, TEST))\n"}, {"3e.test-accuracy": HALF}),
    Fault("accuracy once at the end", "3e", "trainer class", {"            self.test_accs.append(self.test())\n": "", " acc={self.test_accs[-1]:.2%}": "", "trainer.fit()\n": "trainer.fit()\n# ---\nprint('Accuracy on the test set:', trainer.test())\n"}, {"3e.test-accuracy": HALF}),
    Fault("accuracy once at the end", "3e", "top level", {_SECOND_ACCURACY: "    print(f'Epoch {epoch + 1}: loss {running_loss / len(TRAIN):.3f}')\n" + _SECOND_ACCURACY.replace("\n    ", "\n").replace("Epoch {epoch + 1}: loss {running_loss / len(TRAIN):.3f}, ", "")}, {"3e.test-accuracy": HALF}),
    Fault("accuracy of the training set", "3e", "functions", {"evaluate(model, TEST)": "evaluate(model, TRAIN)"}, cost("3e.test-accuracy")),
    Fault("accuracy of the training set", "3e", "German", {"genauigkeit(netz, TEST)": "genauigkeit(netz, TRAIN)"}, cost("3e.test-accuracy")),
    Fault("accuracy divided by batches", "3e", "functions", {"hits / len(loader.dataset)": "hits / len(loader)"}, cost("3e.test-accuracy")),
    Fault("accuracy divided by batches", "3e", "summary at the end", {"k / len(TEST.dataset)": "k / len(TEST)"}, cost("3e.test-accuracy")),
    Fault("accuracy of the last batch", "3e", "main", {"accuracy += ": "accuracy = ", "samples += ": "samples = "}, cost("3e.test-accuracy")),
    Fault("counts never reset", "3e", "mixed precision", {"    n_right, n_all = 0, 0\n": "", "test_accuracies = []\n": "test_accuracies = []\nn_right, n_all = 0, 0\n"}, cost("3e.test-accuracy")),
    Fault("largest over the batch", "3e", "main", {"model(images).max(dim=1).indices": "model(images).max(dim=0).indices[:1]"}, cost("3e.test-accuracy")),
    Fault("divided by the training set", "3e", "accelerator", {"correct / len(TEST.dataset)": "correct / len(TRAIN.dataset)"}, cost("3e.test-accuracy")),
    # evaluation mode
    Fault("training mode while testing", "3e", "top level", {"    net.eval()\n": ""}, cost("3e.eval"), needs="mode"),
    Fault("training mode while testing", "3e", "numpy", {"    network.eval()\n": ""}, cost("3e.eval"), needs="mode"),
    Fault("training mode while testing", "3e", "tuple of both", {"net.train(training)": "net.train()"}, cost("3e.eval"), needs="mode"),
    Fault("gradients while testing", "3e", "German", {"    with torch.no_grad():\n        for": "    if True:\n        for"}, cost("3e.eval")),
    Fault("gradients while testing", "3e", "functions", {"@torch.no_grad()\n": ""}, cost("3e.eval")),
    Fault("gradients while testing", "3e", "trainer class", {"with torch.inference_mode():": "with torch.enable_grad():"}, cost("3e.eval")),
    Fault("neither mode nor gradients", "3e", "main", {"        model.eval()\n": "", "with torch.set_grad_enabled(False):": "if True:"}, cost("3e.eval")),
    # nothing lost
    Fault("no evaluation mode needed", "3e", "numpy", {"    network.eval()\n": ""}, {}, needs="modeless"),
    Fault("no decay", "3e", "functions", {", weight_decay=1e-4": ""}, {}, unregulated=True),
    Fault("no decay", "3e", "trainer class", {", weight_decay=0.01": ", weight_decay=0"}, {}, unregulated=True),
]  # fmt: skip
